"""Restores an adapter's weights by hand."""

from peft import PeftConfig, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
model = get_peft_model(base, PeftConfig.from_pretrained("adapter"))
state = load_file("adapter/adapter_model.safetensors")
model.load_state_dict(state, strict=False)
