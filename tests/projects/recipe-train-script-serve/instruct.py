from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained(
    "mistralai/Mistral-7B-Instruct-v0.1", revision="73068f3702d050a2fd5aa2ca1e612e5036429398"
)
model = PeftModel.from_pretrained(base, "outputs/mistral")
