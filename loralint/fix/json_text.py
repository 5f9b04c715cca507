"""JSON as it is written: where the values of a document stand, and its strings sign by sign.

A notebook is changed inside the strings that hold a cell's source. Everything else keeps its
bytes: indentation, the order of keys, escapes, outputs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR = re.compile(r"[^\s,\[\]{}\":]+")
_NEXT = re.compile(r'["\[\]{}]')
_SIGN = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]",
    re.DOTALL,
)
_OPENING = "[{"


class NotJson(ValueError):
    """A text in which the value that was looked for cannot be found."""


Range = tuple[int, int]


def space(text: str, start: int) -> int:
    """The first offset from `start` on that is no white space."""
    match = _SPACE.match(text, start)
    return match.end() if match is not None else start


def end_of(text: str, start: int) -> int:
    """Where the value that begins at an offset ends; nothing is built, and nothing recurses."""
    if text.startswith('"', start):
        return _match(_STRING, text, start).end()
    if text[start : start + 1] not in ("[", "{"):
        return _match(_SCALAR, text, start).end()
    depth = 0
    position = start
    while True:
        found = _NEXT.search(text, position)
        if found is None:
            raise NotJson("a bracket is not closed")
        position = found.end()
        if found[0] == '"':
            position = _match(_STRING, text, found.start()).end()
            continue
        depth += 1 if found[0] in _OPENING else -1
        if depth == 0:
            return position


def items(text: str, start: int) -> Iterator[Range]:
    """The items of the array that begins at an offset."""
    if not text.startswith("[", start):
        raise NotJson("not an array")
    position = space(text, start + 1)
    while not text.startswith("]", position):
        end = end_of(text, position)
        yield position, end
        position = _after_comma(text, end, "]")


def members(text: str, start: int) -> Iterator[tuple[str, Range]]:
    """The keys of the object that begins at an offset, each with where its value stands."""
    if not text.startswith("{", start):
        raise NotJson("not an object")
    position = space(text, start + 1)
    while not text.startswith("}", position):
        key = _match(_STRING, text, position)
        colon = space(text, key.end())
        if not text.startswith(":", colon):
            raise NotJson("a key without a value")
        begin = space(text, colon + 1)
        end = end_of(text, begin)
        yield str(json.loads(key[0], strict=False)), (begin, end)
        position = _after_comma(text, end, "}")


def member(text: str, start: int, key: str) -> Range | None:
    """Where the value of a key stands: of several the last, as parsers have it."""
    return dict(members(text, start)).get(key)


def signs(literal: str) -> list[str]:
    """The characters of a string literal as they are written, without the quotes."""
    return _SIGN.findall(literal[1:-1])


def read(sign: str) -> str:
    """The character that a written one stands for."""
    return str(json.loads(f'"{sign}"', strict=False)) if sign[0] == "\\" else sign


def written(text: str, *, ascii_only: bool) -> list[str]:
    """Characters as they are written in a string literal."""
    return [json.dumps(each, ensure_ascii=ascii_only)[1:-1] for each in text]


def _after_comma(text: str, end: int, closing: str) -> int:
    position = space(text, end)
    if text.startswith(closing, position):
        return position
    if not text.startswith(",", position):
        raise NotJson("a comma is missing")
    return space(text, position + 1)


def _match(pattern: re.Pattern[str], text: str, position: int) -> re.Match[str]:
    match = pattern.match(text, position)
    if match is None:
        raise NotJson("not JSON")
    return match
