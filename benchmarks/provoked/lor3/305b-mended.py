"""Merges an adapter and saves the merged model."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(base, "adapter")
model = model.merge_and_unload()
model.save_pretrained("merged")
