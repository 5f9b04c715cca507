"""Keeps two models in a list, each on its own object."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

merged = []
for folder in ("adapter-b", "adapter"):
    base = AutoModelForCausalLM.from_pretrained("tiny")
    merged.append(PeftModel.from_pretrained(base, folder))
model = merged[0]
