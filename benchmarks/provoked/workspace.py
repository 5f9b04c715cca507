"""Tiny models and adapters, made on the spot: what the snippets load."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

WORDS = 120
IDS = torch.tensor([[5, 17, 33, 60, 2, 91]])
WEIGHTS = "adapter_model.safetensors"


def make(folder: Path) -> None:
    """Write every folder that a snippet names."""
    _base(folder / "tiny", 32, 0)
    _adapter(folder, "adapter", "tiny", seed=1)
    _adapter(folder, "adapter-b", "tiny", seed=2)
    _adapter(folder, "small-effect", "tiny", seed=3, size=0.02)
    _renamed(folder)
    _base(folder / "wide-base", 64, 4)
    _adapter(folder, "wide", "wide-base", seed=5)


def base(folder: Path, name: str = "tiny") -> LlamaForCausalLM:
    """A base as the snippets load it."""
    return LlamaForCausalLM.from_pretrained(folder / name)


def _base(folder: Path, hidden: int, seed: int) -> None:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=128, hidden_size=hidden, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=4, pad_token_id=0, bos_token_id=1,
        eos_token_id=2, initializer_range=0.3,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    words = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3}
    words.update({f"w{number}": number + 4 for number in range(WORDS + 4)})
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", eos_token="</s>"
    ).save_pretrained(folder)


def _adapter(folder: Path, name: str, on: str, *, seed: int, size: float = 0.5) -> None:
    """An adapter as if trained: its `lora_B` is not zero."""
    torch.manual_seed(seed)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])
    model = get_peft_model(base(folder, on), config)
    with torch.no_grad():
        for key, tensor in model.named_parameters():
            if "lora_B" in key:
                tensor.normal_(std=size)
    model.save_pretrained(folder / name)


def _renamed(folder: Path) -> None:
    """The adapter, its modules called otherwise: as after a change of the base's code."""
    source, target = folder / "adapter", folder / "renamed"
    target.mkdir()
    config = json.loads((source / "adapter_config.json").read_text())
    (target / "adapter_config.json").write_text(json.dumps(config))
    tensors = load_file(source / WEIGHTS)
    renamed = {key.replace("self_attn", "mixer"): tensor for key, tensor in tensors.items()}
    save_file(renamed, target / WEIGHTS)
