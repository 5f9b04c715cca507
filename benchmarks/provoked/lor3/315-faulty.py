"""Loads in 4 bits with the keyword that transformers 5 removed."""

from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("tiny", load_in_4bit=True)
