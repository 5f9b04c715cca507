"""Tensors in words: how many, in which layers, and the first ones spelt out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from loralint.text import counted

_LAYER = re.compile(r"\.(\d+)\.")
_PREFIX = re.compile(r"^base_model\.(model\.)?")
SPELT_OUT = 3


def short(name: str) -> str:
    """A tensor's name without what PEFT puts before every name."""
    return _PREFIX.sub("", name)


def layer(name: str) -> int | None:
    """The number of the layer that a tensor belongs to; None outside the layers."""
    match = _LAYER.search(name)
    return int(match[1]) if match is not None else None


def count(number: int, noun: str = "tensor") -> str:
    """`1 tensor`, `12 tensors`."""
    return counted(number, noun)


def listed(names: Sequence[str], most: int = SPELT_OUT) -> str:
    """The first names, and how many more there are."""
    first = ", ".join(f"`{short(name)}`" for name in names[:most])
    left = len(names) - most
    return f"{first} and {left:,} more" if left > 0 else first


def layers(names: Iterable[str]) -> str:
    """`layers 0-31`, `layers 0, 2 and 7`; empty where no name has a number."""
    numbers = sorted({found for found in map(layer, names) if found is not None})
    if not numbers:
        return ""
    runs = _runs(numbers)
    text = ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs[:6])
    more = f" and {len(runs) - 6} more" if len(runs) > 6 else ""
    return f"layer{'s' if len(numbers) > 1 else ''} {text}{more}"


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def where(names: Sequence[str]) -> str:
    """`in layers 0-31: `a`, `b` and 4 more`."""
    found = layers(names)
    return f"{'in ' + found + ': ' if found else ''}{listed(names)}"
