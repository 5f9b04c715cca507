"""Trains a classifier whose head is neither trained nor saved."""

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForSequenceClassification

base = AutoModelForSequenceClassification.from_pretrained("tiny", num_labels=3)
model = get_peft_model(base, LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
model.save_pretrained("classifier")
