"""Puts two adapters onto one object."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(base, "adapter", adapter_name="first")
other = PeftModel.from_pretrained(base, "adapter-b", adapter_name="second")
model.generate(max_new_tokens=3)
