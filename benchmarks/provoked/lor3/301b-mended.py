"""Generates with the adapter that was saved."""

from peft import PeftModel
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

base = AutoModelForCausalLM.from_pretrained("tiny")
trained = PeftModel.from_pretrained(base, "adapter", is_trainable=True)
trained.save_pretrained("again")
trainer = Trainer(
    model=trained, args=TrainingArguments("out", max_steps=0, report_to=[]), train_dataset=[]
)

fresh = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(fresh, "again")
model.generate(max_new_tokens=3)
