"""Loads an adapter onto the bare base."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(base, "adapter")
