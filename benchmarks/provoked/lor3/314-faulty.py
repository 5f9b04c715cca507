"""Compiles the base before it is wrapped."""

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
base = torch.compile(base)
model = get_peft_model(base, LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
model.save_pretrained("compiled")
