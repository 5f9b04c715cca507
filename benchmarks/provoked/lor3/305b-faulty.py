"""Takes the adapter off where it should be merged."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(base, "adapter")
merged = model.unload()
merged.save_pretrained("merged")
