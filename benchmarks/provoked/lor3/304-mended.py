"""Restores an adapter's weights through PEFT."""

from peft import PeftConfig, get_peft_model, set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
model = get_peft_model(base, PeftConfig.from_pretrained("adapter"))
state = load_file("adapter/adapter_model.safetensors")
result = set_peft_model_state_dict(model, state)
assert not result.unexpected_keys
