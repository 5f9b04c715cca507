"""Uses the merge alone."""

from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("tiny")
PeftModel.from_pretrained(base, "adapter").merge_and_unload().save_pretrained("merged")
model = AutoModelForCausalLM.from_pretrained("merged")
