"""Trains a classifier with its head."""

from peft import LoraConfig, TaskType, get_peft_model
from transformers import AutoModelForSequenceClassification

base = AutoModelForSequenceClassification.from_pretrained("tiny", num_labels=3)
config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type=TaskType.SEQ_CLS)
model = get_peft_model(base, config)
model.save_pretrained("classifier")
