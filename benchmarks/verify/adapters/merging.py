"""Merges by PEFT, right and damaged."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import peft
import torch
from peft import PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

from adapters.bases import NAMED, question
from adapters.training import _train as train, answer

Q_V = ["q_proj", "v_proj"]
WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Kind:
    """An adapter that is merged, and how: `dtype` is the base's, `shard` the size of a file."""

    name: str
    base: str
    given: dict[str, Any]
    config: type = peft.LoraConfig
    dtype: str = "float32"
    shard: str | None = None
    task: str = "CAUSAL_LM"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Merge:
    """A merged model beside its adapter; `off` is how far its outputs are from the adapter's."""

    adapter: Path
    merged: Path
    damage: str
    off: float

    def judged(self, verdict: str) -> str:
        if verdict == "crash":
            return "CRASH"
        if not self.damage:
            return {"verified": "right", "failed": "REFUSED"}.get(verdict, "right, undecided")
        if self.off < 0.005:
            return "no loss"
        return {"failed": "damaged", "verified": "MISSED"}.get(verdict, "damaged, undecided")


def _lora(name: str, base: str = "llama-64", **given: Any) -> Kind:
    outer = {key: given.pop(key) for key in ("dtype", "shard", "task", "config", "options")
             if key in given}  # fmt: skip
    return Kind(name, base, {"r": 4, "lora_alpha": 8, "target_modules": Q_V, **given}, **outer)


KINDS: tuple[Kind, ...] = (
    _lora("LoRA"),
    _lora("LoRA, width 80", "llama-80"),
    _lora("LoRA, bfloat16", dtype="bfloat16"),
    _lora("LoRA, float16", dtype="float16"),
    _lora("LoRA, in several files", shard="100KB"),
    _lora("rsLoRA", use_rslora=True),
    _lora("DoRA", use_dora=True),
    _lora("patterns", rank_pattern={"q_proj": 8}, alpha_pattern={"v_proj": 32}),
    _lora("all layers", target_modules="all-linear"),
    _lora("fused projections", "phi3-64", target_modules="all-linear"),
    _lora("Conv1D", "gpt2-64", target_modules=["c_attn"], fan_in_fan_out=True),
    _lora("a table", target_modules=["embed_tokens", "q_proj"]),
    _lora("a head", target_modules=["lm_head", "q_proj"]),
    _lora("a saved head", modules_to_save=["lm_head"]),
    _lora("a saved table", modules_to_save=["embed_tokens"]),
    _lora("trained tokens", trainable_token_indices=[3, 5]),
    _lora("biases of adapted modules", "opt-64", bias="lora_only"),
    _lora("all biases", "opt-64", bias="all"),
    _lora("biases of B", "opt-64", lora_bias=True),
    _lora("tied, layers alone", "qwen2-tied-64"),
    _lora("tied, trained tokens", "qwen2-tied-64", trainable_token_indices=[3, 5]),
    _lora("tied, a saved table", "qwen2-tied-64", modules_to_save=["embed_tokens"],
          ensure_weight_tying=True),
    _lora("tied, Bloom", "bloom-64", target_modules=["query_key_value"]),
    _lora("experts", "mixtral-64", target_parameters=["mlp.experts.down_proj"]),
    _lora("experts of gpt-oss", "gpt-oss-64", target_parameters=["mlp.experts.down_proj"]),
    _lora("attention beside experts", "mixtral-64"),
    _lora("convolution", "vit-64", target_modules=["projection", "q_proj"], task="none"),
    _lora("classifier", "bert-64", target_modules=["query", "value"], task="SEQ_CLS",
          options={"num_labels": 3}),
    _lora("sequence to sequence", "t5-64", target_modules=["q", "v"], task="SEQ_2_SEQ_LM"),
    _lora("PiSSA", init_lora_weights="pissa"),
    Kind("IA3", "llama-64", {"target_modules": ["k_proj", "down_proj"],
         "feedforward_modules": ["down_proj"]}, peft.IA3Config),
    Kind("LoHa", "llama-64", {"target_modules": Q_V, "r": 4}, peft.LoHaConfig),
    Kind("OFT", "llama-64", {"target_modules": Q_V, "oft_block_size": 8}, peft.OFTConfig),
)  # fmt: skip

Tensors: TypeAlias = dict[str, torch.Tensor]
Damage: TypeAlias = Callable[[Tensors, Tensors], Tensors]
"""Takes the merged tensors and those of the base."""


def _changed(merged: Tensors, plain: Tensors) -> list[str]:
    return [name for name, one in merged.items()
            if name in plain and plain[name].shape == one.shape
            and not torch.equal(plain[name], one)]  # fmt: skip


def _not_merged(merged: Tensors, plain: Tensors) -> Tensors:
    return {name: plain.get(name, one) for name, one in merged.items()}


def _one_left_out(merged: Tensors, plain: Tensors) -> Tensors:
    left = _changed(merged, plain)[:1]
    return {name: plain[name] if name in left else one for name, one in merged.items()}


def _merged_twice(merged: Tensors, plain: Tensors) -> Tensors:
    twice = set(_changed(merged, plain))
    return {name: 2 * one - plain[name] if name in twice else one for name, one in merged.items()}


def _subtracted(merged: Tensors, plain: Tensors) -> Tensors:
    turned = set(_changed(merged, plain))
    return {name: 2 * plain[name] - one if name in turned else one for name, one in merged.items()}


def _norm_lost(merged: Tensors, plain: Tensors) -> Tensors:
    """A tensor that no adapter is on is another."""
    kept = set(_changed(merged, plain))
    norm = next(name for name, one in merged.items() if name not in kept and one.ndim == 1)
    return {name: one * 1.5 + 0.3 if name == norm else one for name, one in merged.items()}


DAMAGES: dict[str, Damage] = {
    "the base alone": _not_merged,
    "one layer left out": _one_left_out,
    "merged twice": _merged_twice,
    "subtracted": _subtracted,
    "another tensor changed": _norm_lost,
}


def merges(kind: Kind, below: Path) -> Iterator[Merge]:
    """The right merge first, then each damage of it."""
    base = NAMED[kind.base]
    name = "".join(c if c.isalnum() else "-" for c in kind.name)
    folder = below / name
    shutil.rmtree(folder, ignore_errors=True)
    options = {**kind.options, "dtype": getattr(torch, kind.dtype)}
    plain_folder = _plain(kind, below)
    task = None if kind.task == "none" else kind.task
    load = _loader(base, task)
    torch.manual_seed(1)
    plain = load.from_pretrained(plain_folder, **options).eval()
    before = answer(plain, question(base))
    given = kind.given if task is None else {**kind.given, "task_type": task}
    model = get_peft_model(plain, kind.config(**given))
    train(model, question(base), allocate=False)
    model.eval().save_pretrained(folder / "adapter")
    torch.manual_seed(1)
    again = load.from_pretrained(plain_folder, **options)
    loaded = PeftModel.from_pretrained(again, folder / "adapter").eval()
    after = answer(loaded, question(base))
    shards = {"max_shard_size": kind.shard} if kind.shard else {}
    loaded.merge_and_unload().save_pretrained(folder / "right", **shards)
    effect = float((after - before).abs().mean())

    def off(merged: Path) -> float:
        found = load.from_pretrained(merged, **options).eval()
        return float((answer(found, question(base)) - after).abs().mean()) / effect

    yield Merge(folder / "adapter", folder / "right", "", off(folder / "right"))
    if kind.shard or not (folder / "right" / WEIGHTS).is_file():
        return
    merged = load_file(folder / "right" / WEIGHTS)
    stored = load_file(plain_folder / WEIGHTS)
    for damage, change in DAMAGES.items():
        path = folder / "".join(c if c.isalnum() else "-" for c in damage)
        shutil.copytree(folder / "right", path)
        harmed = {key: one.contiguous() for key, one in change(merged, stored).items()}
        save_file(harmed, path / WEIGHTS, metadata={"format": "pt"})
        yield Merge(folder / "adapter", path, damage, off(path))


def _plain(kind: Kind, below: Path) -> Path:
    """The base in its type on disk; what of a head there is drawn at random is saved with it."""
    base = NAMED[kind.base]
    path = below / "bases" / f"{kind.base}-{kind.dtype}-{kind.task}"
    if not (path / "config.json").is_file():
        torch.manual_seed(7)
        task = None if kind.task == "none" else kind.task
        loaded = base.load(below, task, **kind.options)
        loaded.to(getattr(torch, kind.dtype)).save_pretrained(path)
    return path


def _loader(base: Any, task: str | None) -> Any:
    from adapters.bases import auto_class

    return auto_class(base.family, task)
