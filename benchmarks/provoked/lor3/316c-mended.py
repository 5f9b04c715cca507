"""Merges each adapter into an object of its own."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
first = PeftModel.from_pretrained(base, "adapter-b").merge_and_unload()
again = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(again, "adapter").merge_and_unload()
