"""YAML → nodes, composed only where that can neither overflow the stack nor fill the memory.

libyaml's composer recurses in C: brackets that are nested deeply enough kill the process. Events
need no recursion, so that a text that may be such a one is looked through as events first.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml

DEEPEST = 200
MAX_EVENTS = 120_000
"""Twice what a configuration with as many nodes as are ever looked at has."""

SMALL = 100_000
"""A text of fewer characters, with short rows and few brackets, cannot be too much."""

LONGEST_ROW = 400
"""Each level of block YAML, and each bracket, takes a column at least."""


class TooLarge(ValueError):
    """More nodes, or deeper ones, than a configuration has."""


def loader() -> type[yaml.CSafeLoader | yaml.SafeLoader]:
    """The fastest loader there is."""
    return yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader


def composed(text: str) -> Iterator[yaml.Node]:
    """The documents of a text as nodes; TooLarge, or an error of the parser, where there are none.

    Aliases are the nodes that they name: who follows them has to bound what is followed.
    """
    if not _is_small(text):
        _check(text)
    return yaml.compose_all(text, Loader=loader())


def _is_small(text: str) -> bool:
    brackets = text.count("[") + text.count("{")
    if len(text) > SMALL or brackets > DEEPEST:
        return False
    return max(map(len, text.splitlines()), default=0) <= LONGEST_ROW


def _check(text: str) -> None:
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=loader())):
        opens = isinstance(event, yaml.CollectionStartEvent)
        depth += opens - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST or number > MAX_EVENTS:
            raise TooLarge
