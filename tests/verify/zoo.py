"""Tiny bases, each saved once a session, and adapters of every kind on them.

Nothing is trained here: what training would move is drawn at random, which is as good for asking
whether it arrives.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peft import get_peft_model
from transformers import (
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
    ViTConfig,
    ViTForImageClassification,
)

from tests.verify.zoo_senses import SENSES

VOCABULARY = 128


def llama(**changes: Any) -> LlamaForCausalLM:
    sizes = {
        "vocab_size": VOCABULARY,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
    }
    return LlamaForCausalLM(LlamaConfig(**(sizes | changes)))


def bert() -> BertModel:
    return BertModel(
        BertConfig(
            vocab_size=VOCABULARY,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
        )
    )


BASES: dict[str, Callable[[], Any]] = {
    "llama": llama,
    "llama-bf16": lambda: llama().to(torch.bfloat16),
    "llama-wide": lambda: llama(hidden_size=96),
    "llama-one-layer": lambda: llama(num_hidden_layers=1),
    "llama-three-layers": lambda: llama(num_hidden_layers=3),
    "llama-large-vocabulary": lambda: llama(vocab_size=VOCABULARY + 8),
    "phi3": lambda: Phi3ForCausalLM(
        Phi3Config(
            vocab_size=VOCABULARY,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            pad_token_id=0,
        )
    ),
    "gpt2": lambda: GPT2LMHeadModel(
        GPT2Config(vocab_size=VOCABULARY, n_embd=64, n_layer=2, n_head=4)
    ),
    "bert": bert,
    "t5": lambda: T5ForConditionalGeneration(
        T5Config(vocab_size=VOCABULARY, d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4)
    ),
    "mixtral": lambda: MixtralForCausalLM(
        MixtralConfig(
            vocab_size=VOCABULARY,
            hidden_size=64,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            num_local_experts=4,
        )
    ),
    "vit": lambda: ViTForImageClassification(
        ViTConfig(
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=32,
            patch_size=8,
        )
    ),
}


class Zoo:
    """Bases on disk, and adapters saved on them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def base(self, name: str) -> Path:
        """The folder of a base, made at the first call."""
        path = self._folder / "bases" / name
        if not path.exists():
            torch.manual_seed(sum(map(ord, name)))
            {**BASES, **SENSES}[name]().save_pretrained(path)
        return path

    def adapter(
        self,
        name: str,
        base: str,
        config: Any,
        *,
        cls: Any = None,
        prepare: Callable[[Any], Any] = lambda model: model,
        options: dict[str, Any] | None = None,
    ) -> Path:
        """The folder of an adapter with random values, made at the first call."""
        path = self._folder / "adapters" / name
        if not path.exists():
            torch.manual_seed(1)
            model = prepare(load(cls, self.base(base), options or {}))
            wrapped = get_peft_model(model, config)
            randomise(wrapped)
            wrapped.save_pretrained(path)
        return path


def load(cls: Any, path: Path, options: dict[str, Any]) -> Any:
    from transformers import AutoModelForCausalLM

    return (cls or AutoModelForCausalLM).from_pretrained(path, **options)


def randomise(model: Any) -> None:
    """What training would have moved, moved."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.2)
