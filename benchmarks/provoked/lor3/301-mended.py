"""Serves an adapter."""

from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("tiny")
base = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(base, "adapter")
model.eval()
output = model.generate(**tokenizer("w1 w2 w3", return_tensors="pt"), max_new_tokens=4)
