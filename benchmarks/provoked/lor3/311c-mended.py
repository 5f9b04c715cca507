"""Goes on training a PEFT model."""

from datasets import Dataset
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer

tokenizer = AutoTokenizer.from_pretrained("tiny")
base = AutoModelForCausalLM.from_pretrained("tiny")
policy = PeftModel.from_pretrained(base, "adapter", is_trainable=True)
rows = Dataset.from_list([{"prompt": "w1 w2", "chosen": "w3", "rejected": "w4"}])
arguments = DPOConfig("out", report_to=[], use_cpu=True, bf16=False)
trainer = DPOTrainer(policy, args=arguments, train_dataset=rows, processing_class=tokenizer)
