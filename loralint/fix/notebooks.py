"""Edits in the cells of a notebook, written into the strings that hold the cells' source.

The source of a cell is a list of strings, one a row, or a single string. An edit changes the
strings that it touches, character by character; a row that it adds becomes a string of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from loralint.diagnostics import Edit
from loralint.fix import json_text
from loralint.fix.json_text import NotJson, Range
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
    top = json_text.space(text, 0)
    found = json_text.member(text, top, "cells")
    if found is not None and text.startswith("[", found[0]):
        yield from json_text.items(text, found[0])
        return
    sheets = json_text.member(text, top, "worksheets")
    for start, _ in json_text.items(text, sheets[0]) if sheets is not None else ():
        inner = json_text.member(text, start, "cells")
        if inner is not None:
            yield from json_text.items(text, inner[0])


def _source(text: str, cell: Range) -> Range:
    """Where the value stands that holds a cell's source."""
    keys = dict(json_text.members(text, cell[0]))
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
        read = "".join(map(json_text.read, json_text.signs(f'"{self.raw}"')))
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
        ranges = [(0, len(value))] if single else list(json_text.items(value, 0))
        edges = [0, *(edge for pair in ranges for edge in pair), len(value)]
        between = [value[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
        signs = [
            _Sign(raw, number)
            for number, (start, end) in enumerate(ranges)
            for raw in _joined(json_text.signs(value[start:end]))
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
        raws = _joined(json_text.written(content.replace("\r\n", "\n"), ascii_only=self._escapes))
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
