"""Two loads of one case: equal in every tensor, the base's included, or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loralint.verify.adapted import everything
from loralint.verify.offload import Kept, kept
from loralint.verify.values import same_bits


def differences(one: Any, other: Any) -> list[str]:
    """The names of the tensors that differ; both models must not have been run yet."""
    theirs = everything(other)
    here, there = kept(one), kept(other)
    return [
        name
        for name, tensor in everything(one).items()
        if name not in theirs
        or not _same(_value(name, tensor, here), _value(name, theirs[name], there))
    ]


def _value(name: str, tensor: Any, away: Mapping[str, Kept]) -> Any:
    return away[name].read() if name in away else tensor


def _same(one: Any, other: Any) -> bool:
    if one.is_meta or other.is_meta:
        return bool(one.is_meta and other.is_meta)
    return same_bits(one.detach().cpu(), other.detach().cpu())
