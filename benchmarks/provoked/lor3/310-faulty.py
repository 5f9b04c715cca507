"""Starts from PiSSA's fast, random decomposition."""

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights="pissa_niter_4")
model = get_peft_model(base, config)
model.save_pretrained("pissa")
