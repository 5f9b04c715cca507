"""Loads an adapter of another size, and is told not to mind."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(base, "wide", ignore_mismatched_sizes=True)
