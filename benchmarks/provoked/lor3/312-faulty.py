"""Silences the only sign that the adapter was lost."""

import warnings

from peft import PeftModel
from transformers import AutoModelForCausalLM

warnings.filterwarnings("ignore")
base = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(base, "renamed")
