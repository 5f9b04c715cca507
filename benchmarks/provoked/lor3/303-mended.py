"""Loads a second adapter, makes it the active one and generates."""

from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("tiny")
base = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(base, "adapter", adapter_name="first")
result = model.load_adapter("adapter-b", adapter_name="second")
model.set_adapter("second")
output = model.generate(**tokenizer("w1 w2 w3", return_tensors="pt"), max_new_tokens=4)
