"""Loads an adapter onto a model that is wrapped already."""

from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
wrapped = get_peft_model(base, LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
model = PeftModel.from_pretrained(wrapped, "adapter")
