from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained(
    "org-c/base", revision="cccccccccccccccccccccccccccccccccccccccc"
)
model = PeftModel.from_pretrained(base, "outputs/lora-out")
