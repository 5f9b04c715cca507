"""Bases that several adapters share: each is loaded once, and every adapter gets a copy of its own.

A copy, since nothing leaves a base as it was: PEFT rewrites weights, tables are resized, and in 4
bits the first forward packs the weights anew. What lies here is never run and never adapted.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Made: TypeAlias = tuple[Any, dict[str, Any]]
"""A model, and what transformers says of its load."""

HELD = 2
"""How many are kept: one base, quantised and plain."""


@dataclass
class _Shelf:
    kept: dict[str, Made] = field(default_factory=dict)

    def take(self, key: str, load: Callable[[], Made]) -> Made:
        if key not in self.kept:
            while len(self.kept) >= HELD:
                del self.kept[next(iter(self.kept))]
            made = load()
            if not _fits_twice(made[0]):
                return made
            self.kept[key] = made
        model, info = self.kept[key]
        return copy.deepcopy(model), info


_open: list[_Shelf] = []


@contextmanager
def shared() -> Iterator[None]:
    """Within this, a base is loaded from its files once; without it, each time."""
    _open.append(_Shelf())
    try:
        yield
    finally:
        _open.pop().kept.clear()


def base(key: object, load: Callable[[], Made]) -> Made:
    """The base that `load` gives; `key` says all that makes it another one."""
    return _open[-1].take(repr(key), load) if _open else load()


def _fits_twice(model: Any) -> bool:
    """Whether a copy has room beside it; one that is spread over devices is never copied."""
    places = {str(one.device) for one in model.parameters()}
    if len(places) != 1:
        return False
    size = sum(one.numel() * one.element_size() for one in model.parameters())
    return bool(2 * size < _free(next(iter(places))))


def _free(place: str) -> float:
    import torch

    if place.startswith("cuda"):
        return float(torch.cuda.mem_get_info(place)[0])
    try:
        import os

        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (ValueError, OSError, AttributeError):  # not told on this system
        return float("inf")
