"""Asks for two more modules by a list that is None."""

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
config = LoraConfig(r=4, modules_to_save=["embed_tokens"].append("lm_head"))
model = get_peft_model(base, config)
model.save_pretrained("heads")
