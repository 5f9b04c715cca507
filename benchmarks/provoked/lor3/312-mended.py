"""Silences one kind of warning only."""

import warnings

from peft import PeftModel
from transformers import AutoModelForCausalLM

warnings.filterwarnings("ignore", category=FutureWarning)
base = AutoModelForCausalLM.from_pretrained("tiny")
model = PeftModel.from_pretrained(base, "renamed")
