"""Adds a second adapter, whose tensors have other names than the model's modules."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(base, "adapter")
model.load_adapter("renamed", adapter_name="second")
model.set_adapter("second")
