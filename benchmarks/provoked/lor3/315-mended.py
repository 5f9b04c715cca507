"""Loads in 4 bits with a configuration."""

from transformers import AutoModelForCausalLM, BitsAndBytesConfig

quantization_config = BitsAndBytesConfig(load_in_4bit=True)
model = AutoModelForCausalLM.from_pretrained("tiny", quantization_config=quantization_config)
