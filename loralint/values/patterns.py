"""Paths with holes: what is known of a string that is put together from parts.

`{}` is a hole of which nothing is known, `{text}` one whose default is known. A hole stands for one
part of a path or for a piece of one, never for several.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from loralint.facts import Choice, Default, Known, Unknown, Value

HOLE = "{}"
_HOLE = re.compile(r"\{([^{}]*)\}")
_ENOUGH = 4
"""So many known letters a pattern needs before it is taken for a path."""


def pattern(values: Sequence[Value], separator: str) -> str:
    """The pattern of a string that values make; "" where nothing of it is known."""
    text = ""
    for value in values:
        part = _part(value)
        if separator == "/" and text:
            text = part if part.startswith("/") else f"{text.rstrip('/')}/{part}"
        else:
            text = f"{text}{separator if text else ''}{part}"
    return text if _HOLE.sub("", text).strip("/") else ""


def _part(value: Value) -> str:
    if isinstance(value, Known):
        return str(value.value).replace("{", "").replace("}", "")
    if isinstance(value, Default):
        return "{" + str(value.value).replace("{", "").replace("}", "") + "}"
    return value.pattern or HOLE if isinstance(value, Unknown) else HOLE


def patterns_of(value: Value) -> tuple[str, ...]:
    """The patterns that a value may be and that say where a path begins."""
    leaves = value.values if isinstance(value, Choice) else (value,)
    found = (leaf.pattern for leaf in leaves if isinstance(leaf, Unknown))
    return tuple(each for each in found if beginning(each) and weight(each) >= _ENOUGH)


def beginning(text: str) -> str:
    """What a path begins with, up to the first hole of which nothing is known."""
    known = text.partition(HOLE)[0]
    return _HOLE.sub(lambda hole: hole[1], known)


def is_certain(text: str) -> bool:
    """Whether a path begins with something that is no option's default."""
    return not text.startswith("{")


def weight(text: str) -> int:
    """How much a pattern says: the letters that are no hole."""
    return len(_HOLE.sub("", text).replace("/", ""))


def fits(text: str, path: str) -> bool:
    """Whether a path may be what a pattern stands for."""
    return _expression(text).fullmatch(path) is not None


def may_agree(one: str, other: str) -> bool:
    """Whether two patterns begin alike, as far as both say."""
    first, second = beginning(one), beginning(other)
    return first.startswith(second) or second.startswith(first)


@lru_cache(maxsize=4096)
def _expression(text: str) -> re.Pattern[str]:
    parts = _HOLE.split(text)  # literals and, between them, the defaults of holes
    expressions = [
        _hole(part) if place % 2 else re.escape(part) for place, part in enumerate(parts)
    ]
    return re.compile("".join(expressions))


def _hole(default: str) -> str:
    return f"(?:{re.escape(default)}|[^/]+)" if default else "[^/]+"
