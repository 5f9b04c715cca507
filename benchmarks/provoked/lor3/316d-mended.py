"""Compares with a base of its own."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("tiny")
tuned = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained("tiny"), "adapter")
tuned.generate(max_new_tokens=3)
model.generate(max_new_tokens=3)
