"""Two loads of one case: equal in every tensor, the base's included, or not."""

from __future__ import annotations

from typing import Any

from loralint.verify.adapted import everything
from loralint.verify.values import same_bits


def differences(one: Any, other: Any) -> list[str]:
    """The names of the tensors that differ; both models must not have been run yet."""
    theirs = everything(other)
    return [
        name
        for name, tensor in everything(one).items()
        if name not in theirs or not _same(tensor, theirs[name])
    ]


def _same(one: Any, other: Any) -> bool:
    if one.is_meta or other.is_meta:
        return bool(one.is_meta and other.is_meta)
    return same_bits(one.detach().cpu(), other.detach().cpu())
