"""Adds a second adapter and looks at what arrived."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(base, "adapter")
result = model.load_adapter("renamed", adapter_name="second")
if result.missing_keys or result.unexpected_keys:
    raise RuntimeError(f"the adapter does not fit: {result}")
model.set_adapter("second")
