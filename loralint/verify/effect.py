"""Whether the adapter changes what the model answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loralint.verify.golden import LENGTH, NoAnswerError, adapter_off, answers, quiet, token_ids


@dataclass(frozen=True)
class Effect:
    """The largest and the mean change of the output; `finite` is False for NaN or infinity."""

    largest: float
    mean: float
    finite: bool


def effect(model: Any, config: Mapping[str, Any]) -> Effect:
    """Run the model with the adapter and without it; NoAnswerError where it cannot be run."""
    import torch

    ids = _probe(model, config)
    with quiet(model):
        _, full = answers(model, ids)
        with adapter_off(model):
            _, bare = answers(model, ids)
    if full.shape != bare.shape:  # virtual tokens before the answer
        full = full[..., -bare.shape[-2] :, :]
    difference = (full.float() - bare.float()).abs()
    finite = bool(torch.isfinite(full).all())
    return Effect(float(difference.max()), float(difference.mean()), finite)


def _probe(model: Any, config: Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
    """One row of fixed token ids, with those in it that alone are trained."""
    embeddings = model.get_input_embeddings() if hasattr(model, "get_input_embeddings") else None
    weight = getattr(embeddings, "weight", None)
    if weight is None:
        raise NoAnswerError("the model has no table of token embeddings")
    row = list(token_ids(int(weight.shape[0]))[0])
    trained = _trained_tokens(config)[: LENGTH // 2]
    row[1 : 1 + len(trained)] = trained
    return (tuple(row),)


def _trained_tokens(config: Mapping[str, Any]) -> list[int]:
    given = config.get("trainable_token_indices") or config.get("token_indices") or []
    lists = given.values() if isinstance(given, dict) else [given]
    return [one for some in lists for one in some if isinstance(one, int)]
