"""Loads an adapter of another size, and fails."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(base, "wide")
