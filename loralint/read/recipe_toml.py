"""TOML as a tree whose keys know where they stand."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from loralint.read.recipe_nodes import MAX_DEPTH, Entry, Node
from loralint.read.yaml_nodes import TooLarge
from loralint.source import START, Span

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_HEADER = re.compile(r"\s*\[+\s*([^\[\]]+?)\s*\]+\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(r"""\s*(["']?)([\w.-]+)\1\s*=""")
_TEXT = re.compile(r"""\s*(["'])([^"'\\]*)\1\s*(?:#.*)?$""")


class Toml:
    """TOML, parsed by its own parser; a scan of the lines says where the keys stand."""

    def __init__(self, text: str) -> None:
        self.data = tomllib.loads(text)
        self.places = dict(_places(text))
        self.values = dict(_values(text))

    def root(self) -> Node:
        return self._node(self.data, "", 0)

    def _node(self, value: Any, path: str, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise TooLarge
        if isinstance(value, dict):
            named = ((str(key), f"{path}.{key}" if path else str(key)) for key in value)
            return Node(entries={k: self._entry(value[k], at, depth) for k, at in named})
        if isinstance(value, list):
            return Node(items=tuple(self._entry(item, path, depth) for item in value))
        if isinstance(value, int) and abs(value) >= 2**53:
            return Node(text="a huge integer")
        if isinstance(value, str):
            written = self.values.get(path)
            return Node(value, value, span=written[1] if written and written[0] == value else None)
        plain = value if isinstance(value, (str, int, float, bool)) else str(value)
        return Node(plain, str(value))

    def _entry(self, value: Any, path: str, depth: int) -> Entry:
        place = self.places.get(path)
        plain = place is not None and "." not in path
        return Entry(place or START, self._node(value, path, depth + 1), plain)


def _places(text: str) -> Iterator[tuple[str, Span]]:
    for name, row, key, _ in _assignments(text):
        yield name, Span.of(row, key.start(2) + 1, row, key.end(2) + 1)


def _values(text: str) -> Iterator[tuple[str, tuple[str, Span]]]:
    """The plain strings of a text by their dotted keys, each with where it stands."""
    for name, row, key, line in _assignments(text):
        found = _TEXT.match(line, key.end())
        if found is not None:
            yield name, (found[2], Span.of(row, found.start(2) + 1, row, found.end(2) + 1))


def _assignments(text: str) -> Iterator[tuple[str, int, re.Match[str], str]]:
    """The assignments that have a row: dotted key, row, what matched, and the line."""
    table = ""
    for row, line in enumerate(text.split("\n"), 1):
        header, key = _HEADER.match(line), _ASSIGNMENT.match(line)
        if header is not None:
            table = header[1].replace('"', "")
        elif key is not None:
            yield (f"{table}.{key[2]}" if table else key[2]), row, key, line
