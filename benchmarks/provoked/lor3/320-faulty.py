"""Puts an adapter onto its own merge."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
PeftModel.from_pretrained(base, "adapter").merge_and_unload().save_pretrained("merged")
model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained("merged"), "adapter")
