"""Serves an adapter, or so its author thinks."""

from peft import PeftConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("tiny")
base = AutoModelForCausalLM.from_pretrained("tiny")
model = get_peft_model(base, PeftConfig.from_pretrained("adapter"))
model.eval()
output = model.generate(**tokenizer("w1 w2 w3", return_tensors="pt"), max_new_tokens=4)
