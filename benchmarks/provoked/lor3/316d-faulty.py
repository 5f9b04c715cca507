"""Compares with a base that has the adapter."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("tiny")
tuned = PeftModel.from_pretrained(model, "adapter")
tuned.generate(max_new_tokens=3)
model.generate(max_new_tokens=3)
