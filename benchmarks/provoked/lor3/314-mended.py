"""Wraps the base, then compiles."""

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
model = get_peft_model(base, LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
compiled = torch.compile(model)
model.save_pretrained("compiled")
