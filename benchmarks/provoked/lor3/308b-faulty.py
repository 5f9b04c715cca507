"""Trains DeBERTa's classifier without the pooler in front of it."""

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForSequenceClassification

torch.manual_seed(7)
base = AutoModelForSequenceClassification.from_pretrained("microsoft/deberta-v3-base", num_labels=3)
config = LoraConfig(task_type="SEQ_CLS", r=4, target_modules=["query_proj", "value_proj"])
model = get_peft_model(base, config)
model.save_pretrained("classifier")
