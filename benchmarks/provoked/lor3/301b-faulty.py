"""Generates with a model that a saved configuration makes anew."""

from peft import PeftConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

base = AutoModelForCausalLM.from_pretrained("tiny")
trained = PeftModel.from_pretrained(base, "adapter", is_trainable=True)
trained.save_pretrained("again")
trainer = Trainer(
    model=trained, args=TrainingArguments("out", max_steps=0, report_to=[]), train_dataset=[]
)

fresh = AutoModelForCausalLM.from_pretrained("tiny")
config = PeftConfig.from_pretrained("again")
model = get_peft_model(fresh, config)
model.generate(max_new_tokens=3)
