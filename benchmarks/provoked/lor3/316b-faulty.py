"""Keeps two models in a list, on one object."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
merged = []
for folder in ("adapter-b", "adapter"):
    merged.append(PeftModel.from_pretrained(base, folder))
model = merged[0]
