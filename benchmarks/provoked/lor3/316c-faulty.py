"""Merges two adapters into one object."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
first = PeftModel.from_pretrained(base, "adapter-b").merge_and_unload()
model = PeftModel.from_pretrained(base, "adapter").merge_and_unload()
