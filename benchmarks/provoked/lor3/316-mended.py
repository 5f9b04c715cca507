"""Puts each adapter onto an object of its own."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(base, "adapter", adapter_name="first")
another = AutoModelForCausalLM.from_pretrained("tiny")
other = PeftModel.from_pretrained(another, "adapter-b", adapter_name="second")
model.generate(max_new_tokens=3)
