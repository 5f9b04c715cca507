"""Merges an adapter into unquantised weights."""

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny", dtype=torch.float32)
model = PeftModel.from_pretrained(base, "small-effect")
model = model.merge_and_unload()
