"""Merges an adapter into 4-bit weights."""

from peft import PeftModel
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

quantization = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
base = AutoModelForCausalLM.from_pretrained("tiny", quantization_config=quantization)
model = PeftModel.from_pretrained(base, "small-effect")
model = model.merge_and_unload()
