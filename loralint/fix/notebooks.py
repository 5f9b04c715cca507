"""Edits in the cells of a notebook, written into the strings that hold the cells' source.

The source of a cell is a list of strings, one a row, or a single string. An edit changes the
strings that it touches, character by character; a row that it adds becomes a string of its own.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from loralint.diagnostics import Edit
from loralint.fix.rows import OutsideText, Rows
from loralint.read import cells


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The notebook's text with the edits in it; raises OutsideText or NotJson."""
    by_cell: defaultdict[int, list[Edit]] = defaultdict(list)
    for edit in edits:
        by_cell[edit.place.cell or 0].append(edit)
    ranges = list(_cells(text))
    pieces: list[str] = []
    done = 0
    for number in sorted(by_cell):
        if not 0 < number <= len(ranges):
            raise OutsideText(f"there is no cell {number}")
        start, end = _source(text, ranges[number - 1])
        pieces += (text[done:start], _Source.of(text[start:end]).edited(by_cell[number]))
        done = end
    return "".join((*pieces, text[done:]))


def _cells(text: str) -> Iterator[Range]:
    """Where the cells stand, those of nbformat 3's worksheets in a row."""
    top = _space(text, 0)
    found = _member(text, top, "cells")
    if found is not None and text.startswith("[", found[0]):
        yield from _items(text, found[0])
        return
    sheets = _member(text, top, "worksheets")
    for start, _ in _items(text, sheets[0]) if sheets is not None else ():
        inner = _member(text, start, "cells")
        if inner is not None:
            yield from _items(text, inner[0])


def _source(text: str, cell: Range) -> Range:
    """Where the value stands that holds a cell's source."""
    keys = dict(_members(text, cell[0]))
    for name in ("source", "input"):
        if name in keys and text[slice(*keys[name])] != "null":
            return keys[name]
    raise NotJson("a cell without a source")


@dataclass(frozen=True, slots=True)
class _Sign:
    """A character of a cell, as it is written, and the string of the list that it stands in.

    `breaks` tells that an edit ends a row here: what follows is a string of its own.
    """

    raw: str
    item: int
    breaks: bool = False

    @property
    def text(self) -> str:
        read = "".join(map(_character, _characters(f'"{self.raw}"')))
        return cells.clean(read)


@dataclass(frozen=True, slots=True)
class _Source:
    """The source of a cell: its characters, and what stands between its strings.

    `between` has one entry more than there are strings: what opens the list, what parts the
    strings and what closes it; empty for a source that is a single string.
    """

    signs: list[_Sign]
    between: list[str]
    single: bool

    @staticmethod
    def of(value: str) -> _Source:
        single = value.startswith('"')
        ranges = [(0, len(value))] if single else list(_items(value, 0))
        edges = [0, *(edge for pair in ranges for edge in pair), len(value)]
        between = [value[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
        signs = [
            _Sign(raw, number)
            for number, (start, end) in enumerate(ranges)
            for raw in _joined(_characters(value[start:end]))
        ]
        return _Source(signs, between, single)

    def edited(self, edits: Iterable[Edit]) -> str:
        """The value with the edits in it."""
        text = "".join(sign.text for sign in self.signs)
        rows = Rows(text)
        signs = list(self.signs)
        for edit in sorted(edits, key=lambda edit: edit.place.span, reverse=True):
            start, end = rows.offset(edit.place.span.start), rows.offset(edit.place.span.end)
            self._replace(signs, start, end, edit.content)
        return self._written(signs)

    def _replace(self, signs: list[_Sign], start: int, end: int, content: str) -> None:
        """Lay content into the characters; strings that it joins become one."""
        last = len(signs) - 1
        first = signs[min(start, last)].item if signs else 0
        if start == end and start and (start > last or signs[start].item != signs[start - 1].item):
            first = signs[start - 1].item if not signs[start - 1].raw.endswith("\\n") else first
        raws = _joined(_escaped(content.replace("\r\n", "\n"), ascii_only=self._escapes))
        new = [
            _Sign(self._newline, first, breaks=True) if raw == "\\n" else _Sign(raw, first)
            for raw in raws
        ]
        joined = {sign.item for sign in signs[start:end]} | {first}
        signs[start:end] = new
        for index, sign in enumerate(signs):
            if sign.item in joined:
                signs[index] = replace(sign, item=first)

    @property
    def _escapes(self) -> bool:
        """Whether characters beyond ASCII are to be escaped: as the cell has it, else not."""
        return any(sign.raw.startswith("\\u") for sign in self.signs)

    @property
    def _newline(self) -> str:
        return next((s.raw for s in self.signs if s.text == "\n"), "\\n")

    def _written(self, signs: list[_Sign]) -> str:
        if self.single:
            return f'{self.between[0]}"{"".join(sign.raw for sign in signs)}"{self.between[-1]}'
        strings = list(self._strings(signs))
        if not strings:
            return "[]"
        opening, *parting, closing = self.between
        default = f",{opening[1:]}" if "\n" in opening else ", "
        parts = [*parting, *[parting[0] if parting else default] * len(strings)]
        quoted = [f'"{string}"' for string in strings]
        body = "".join(each + part for each, part in zip(quoted[:-1], parts, strict=False))
        return f"{opening}{body}{quoted[-1]}{closing}"

    def _strings(self, signs: list[_Sign]) -> Iterator[str]:
        """The strings of the list: as they were, but rows that an edit made stand alone."""
        current = ""
        for index, sign in enumerate(signs):
            current += sign.raw
            following = signs[index + 1].item if index + 1 < len(signs) else None
            if following != sign.item or sign.breaks:
                yield current
                current = ""


def _joined(raws: Iterable[str]) -> list[str]:
    """Characters as they are written; a carriage return with its line feed counts as one."""
    found: list[str] = []
    for raw in raws:
        if raw == "\\n" and found and found[-1] == "\\r":
            found[-1] = "\\r\\n"
        else:
            found.append(raw)
    return found


# --- JSON as it is written: where the values stand, and strings sign by sign ----------------------

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


def _space(text: str, start: int) -> int:
    """The first offset from `start` on that is no white space."""
    match = _SPACE.match(text, start)
    return match.end() if match is not None else start


def _end_of(text: str, start: int) -> int:
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


def _items(text: str, start: int) -> Iterator[Range]:
    """The items of the array that begins at an offset."""
    if not text.startswith("[", start):
        raise NotJson("not an array")
    position = _space(text, start + 1)
    while not text.startswith("]", position):
        end = _end_of(text, position)
        yield position, end
        position = _after_comma(text, end, "]")


def _members(text: str, start: int) -> Iterator[tuple[str, Range]]:
    """The keys of the object that begins at an offset, each with where its value stands."""
    if not text.startswith("{", start):
        raise NotJson("not an object")
    position = _space(text, start + 1)
    while not text.startswith("}", position):
        key = _match(_STRING, text, position)
        colon = _space(text, key.end())
        if not text.startswith(":", colon):
            raise NotJson("a key without a value")
        begin = _space(text, colon + 1)
        end = _end_of(text, begin)
        yield str(json.loads(key[0], strict=False)), (begin, end)
        position = _after_comma(text, end, "}")


def _member(text: str, start: int, key: str) -> Range | None:
    """Where the value of a key stands: of several the last, as parsers have it."""
    return dict(_members(text, start)).get(key)


def _characters(literal: str) -> list[str]:
    """The characters of a string literal as they are written, without the quotes."""
    return _SIGN.findall(literal[1:-1])


def _character(sign: str) -> str:
    """The character that a written one stands for."""
    return str(json.loads(f'"{sign}"', strict=False)) if sign[0] == "\\" else sign


def _escaped(text: str, *, ascii_only: bool) -> list[str]:
    """Characters as they are written in a string literal."""
    return [json.dumps(each, ensure_ascii=ascii_only)[1:-1] for each in text]


def _after_comma(text: str, end: int, closing: str) -> int:
    position = _space(text, end)
    if text.startswith(closing, position):
        return position
    if not text.startswith(",", position):
        raise NotJson("a comma is missing")
    return _space(text, position + 1)


def _match(pattern: re.Pattern[str], text: str, position: int) -> re.Match[str]:
    match = pattern.match(text, position)
    if match is None:
        raise NotJson("not JSON")
    return match
