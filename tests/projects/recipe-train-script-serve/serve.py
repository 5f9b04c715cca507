from peft import PeftModel
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

config = BitsAndBytesConfig(load_in_4bit=True)
base = AutoModelForCausalLM.from_pretrained(
    "mistralai/Mistral-7B-v0.1", quantization_config=config
)
model = PeftModel.from_pretrained(base, "outputs/mistral/checkpoint-500")
