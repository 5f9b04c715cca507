"""Adds tokens that the adapter never learns."""

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("tiny")
tokenizer.add_tokens(["<tool>", "</tool>"])
base = AutoModelForCausalLM.from_pretrained("tiny")
base.resize_token_embeddings(len(tokenizer))
model = get_peft_model(base, LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
before = model.get_input_embeddings().weight.detach().clone()
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.1)
ids = tokenizer("w1 <tool> w2 </tool>", return_tensors="pt")["input_ids"]
for _ in range(3):
    model(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()
model.save_pretrained("resized")
