"""Stacks one PeftModel on another and saves what was trained."""

from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
first = PeftModel.from_pretrained(base, "adapter")
model = get_peft_model(first, LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
model.save_pretrained("stacked")
