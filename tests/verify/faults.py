"""Planted faults in adapter folders: each must fail, with its code, in its tier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import transformers

from tests.verify import surgery
from tests.verify.healthy import HEALTHY, Healthy, lora, with_tokenizer
from tests.verify.zoo import Zoo

UNHEALTHY = (
    Healthy("head that is not saved", "bert", lora(task_type=None, target_modules=["query"]),
            cls=transformers.AutoModelForSequenceClassification),
)  # fmt: skip
BY_NAME = {one.name: one for one in (*HEALTHY, *UNHEALTHY)}


@dataclass(frozen=True)
class Fault:
    """A healthy adapter, what was done to it or which base it is tried on, and what is found.

    `tier` is the first that finds it, `codes` are those that it must report.
    """

    name: str
    tier: str
    codes: frozenset[str]
    adapter: str = "LoRA"
    harm: Callable[[Path], None] = lambda path: None
    base: str | None = None
    given: dict[str, Any] = field(default_factory=dict)

    def build(self, zoo: Zoo, folder: Path) -> tuple[Path, dict[str, Any]]:
        """The folder, and what to ask."""
        healthy = BY_NAME[self.adapter]
        path = surgery.copied(healthy.build(zoo), folder)
        self.harm(path)
        base = {"base": str(zoo.base(self.base))} if self.base else {}
        return path, {**healthy.given, **self.given, **base}


def fault(name: str, tier: str, codes: str, **given: Any) -> Fault:
    return Fault(name, tier, frozenset(codes.split()), **given)


def drop_layer_0(name: str) -> str:
    return name.replace("layers.0.", "layers.7.")


FAULTS: tuple[Fault, ...] = (
    # --- the folder alone -----------------------------------------------------------------------
    fault("no tensors (saved after a merge)", "header", "LOR501",
          harm=surgery.tensors(lambda found: {})),
    fault("empty tensors (one partition of ZeRO-3)", "header", "LOR503",
          harm=surgery.tensors(lambda found: {name: one[:0] for name, one in found.items()})),
    fault("one `lora_B` lost", "header", "LOR501",
          harm=surgery.without("layers.0", "q_proj.lora_B")),
    fault("one `lora_A` lost", "header", "LOR501",
          harm=surgery.without("layers.1", "v_proj.lora_A")),
    fault("saved from a compiled model (`_orig_mod.`)", "header", "LOR502",
          harm=surgery.renamed(lambda one: one.replace("model.model.", "model._orig_mod.model."))),
    fault("saved from a model wrapped twice", "header", "LOR502",
          harm=surgery.renamed(lambda one: f"base_model.model.{one}")),
    fault("saved from DistributedDataParallel (`module.`)", "header", "LOR502",
          harm=surgery.renamed(lambda one: f"module.{one}")),
    fault("names without `base_model.model.`", "header", "LOR502",
          harm=surgery.renamed(lambda one: one.removeprefix("base_model.model."))),
    fault("older weights in safetensors beside a newer pickle", "header", "LOR405",
          harm=surgery.stale),
    fault("the merged model saved beside the adapter", "header", "LOR404",
          harm=surgery.model_beside),
    # --- the base without its weights -----------------------------------------------------------
    fault("another `r` in the configuration", "dry-run", "LOR503", harm=surgery.config(r=16)),
    fault("`rank_pattern` lost from the configuration", "dry-run", "LOR503",
          adapter="rank and alpha patterns", harm=surgery.config(rank_pattern={})),
    fault("base with no module of that name", "dry-run", "LOR501", base="gpt2"),
    fault("base with fused projections (Llama on Phi-3)", "dry-run", "LOR502",
          adapter="all-linear, spelt out", base="phi3"),
    fault("base with fewer layers", "dry-run", "LOR502", base="llama-one-layer"),
    fault("base with more layers", "dry-run", "LOR501", base="llama-three-layers"),
    fault("base of another width", "dry-run", "LOR503", base="llama-wide"),
    fault("base with another vocabulary, embeddings saved", "dry-run", "LOR503",
          adapter="modules_to_save", base="llama-large-vocabulary"),
    fault("embeddings resized in training, tokenizer not saved", "dry-run", "LOR503",
          adapter="resized embeddings, with the tokenizer",
          harm=lambda path: (path / "tokenizer.json").unlink()),
    fault("a layer's tensors under another number", "dry-run", "LOR501 LOR502",
          harm=surgery.renamed(drop_layer_0)),
    fault("a whole layer lost", "dry-run", "LOR501", harm=surgery.without("layers.0")),
    fault("`target_modules` cut short", "dry-run", "LOR502",
          harm=surgery.config(target_modules=["q_proj"])),
    fault("`target_modules` extended", "dry-run", "LOR501",
          harm=surgery.config(target_modules=["q_proj", "v_proj", "o_proj"])),
    fault("`layers_to_transform` lost", "dry-run", "LOR501",
          adapter="layers_to_transform", harm=surgery.config(layers_to_transform=None)),
    fault("DoRA, the flag lost", "dry-run", "LOR502", adapter="DoRA",
          harm=surgery.config(use_dora=False)),
    fault("LoRA, flagged as DoRA", "dry-run", "LOR501", harm=surgery.config(use_dora=True)),
    fault("tokens added, their embeddings saved nowhere", "dry-run", "LOR501", harm=with_tokenizer),
    fault("the saved head lost from the weights", "dry-run", "LOR501",
          adapter="sequence classification, 5 labels", harm=surgery.without("classifier")),
    fault("trainable tokens lost from the weights", "dry-run", "LOR501",
          adapter="trainable tokens", harm=surgery.without("token_adapter")),
    fault("experts' tensors lost", "dry-run", "LOR501", adapter="experts as parameters",
          harm=surgery.without("experts")),
    fault("IA3 on a base of another width", "dry-run", "LOR503", adapter="IA3", base="llama-wide"),
    fault("prompt tuning on a base of another width", "dry-run", "LOR503",
          adapter="prompt tuning", base="llama-wide"),
    # --- with the base's weights ----------------------------------------------------------------
    fault("never trained: `lora_B` zero", "load", "LOR507", harm=surgery.filled(0.0, "lora_B")),
    fault("never trained, embeddings: `lora_embedding_A` zero", "load", "LOR507",
          adapter="LoRA on embeddings",
          harm=surgery.tensors(lambda found: {
              name: one * 0 if "lora_B" in name or "embedding_A" in name else one
              for name, one in found.items()})),
    fault("one NaN", "load", "LOR507", harm=surgery.one_value(float("nan"))),
    fault("one infinity", "load", "LOR507", harm=surgery.one_value(float("inf"))),
    fault("never trained: IA3 of ones", "load", "LOR506", adapter="IA3",
          harm=surgery.filled(1.0, "ia3")),
    fault("scaled by nothing: `lora_alpha` 0", "load", "LOR506",
          harm=surgery.config(lora_alpha=0)),
    fault("scaled by nothing, in a vision tower", "load", "LOR506",
          adapter="vision-language, its vision tower", harm=surgery.config(lora_alpha=0)),
    fault("head trained and saved nowhere (no `task_type`)", "load", "LOR501",
          adapter="head that is not saved"),
    fault("PiSSA with `niter`: another base at every load", "load", "LOR505",
          harm=surgery.config(init_lora_weights="pissa_niter_4")),
)  # fmt: skip
