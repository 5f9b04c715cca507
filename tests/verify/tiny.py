"""Tiny models with fixed random weights, and adapters on them."""

from __future__ import annotations

from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

VOCABULARY = 99
TARGETS = ["q_proj", "v_proj", "down_proj"]


def llama(folder: Path, seed: int = 0, layers: int = 2, tokenizer: bool = False) -> Path:
    """A Llama of some 30,000 parameters in a folder of its own."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        bos_token_id=1,
        eos_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    if tokenizer:
        words().save_pretrained(folder)
    return folder


def words(template: str | None = "{{ messages[0].content }}") -> PreTrainedTokenizerFast:
    """A tokenizer that knows the words w0 to w95."""
    known = {"<pad>": 0, "<s>": 1, "</s>": 2, **{f"w{i}": i + 3 for i in range(VOCABULARY - 3)}}
    backend = Tokenizer(models.WordLevel(known, unk_token="<pad>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    made = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    )
    made.chat_template = template
    return made


def adapter(base: str, folder: Path, seed: int = 1, load=None, **config):
    """A trained-looking adapter on a base, saved; the model that it was saved from.

    `load` are options of the base's `from_pretrained`.
    """
    model = AutoModelForCausalLM.from_pretrained(base, **(load or {}))
    torch.manual_seed(seed)
    given = {"r": 4, "lora_alpha": 8, "target_modules": TARGETS, "task_type": "CAUSAL_LM"}
    wrapped = get_peft_model(model, LoraConfig(**{**given, **config}))
    for name, parameter in wrapped.named_parameters():
        if "lora_" in name:
            parameter.data = torch.randn_like(parameter) * 0.2
    wrapped.eval()
    wrapped.save_pretrained(folder)
    return wrapped
