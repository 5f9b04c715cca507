"""One source line on a terminal: tabs expanded, wide characters measured, long lines cut."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from loralint.report.visible import shown, width

_TAB = 4
_CONTEXT = 12
"""Columns to keep before a span that fills the line on its own."""


class Laid(msgspec.Struct, frozen=True):
    """A line's characters as they are shown, and the column at which each one starts.

    `starts` has one number more than there are cells: the width of the whole line.
    """

    cells: list[str]
    starts: list[int]

    @property
    def width(self) -> int:
        """The width of the whole line."""
        return self.starts[-1]

    def column(self, column: int) -> int:
        """Return the display column, from 0, of a column of the file, from 1."""
        return self.starts[min(max(column, 1) - 1, len(self.cells))]


class Cut(msgspec.Struct, frozen=True):
    """What is shown of a line: `text` starts at display column `low` of it."""

    text: str
    low: int


def lay_out(line: str) -> Laid:
    """Measure a line of a file."""
    line = line.rstrip("\r\n")
    if line.isascii() and line.isprintable():  # most are: a column a character
        return Laid(list(line), list(range(len(line) + 1)))
    cells: list[str] = []
    starts = [0]
    for char in line:
        cell = " " * (_TAB - starts[-1] % _TAB) if char == "\t" else shown(char)
        cells.append(cell)
        starts.append(starts[-1] + width(cell))
    return Laid(cells, starts)


def cut(laid: Laid, start: int, end: int, room: int) -> Cut:
    """Cut a line to `room` columns around the display columns from `start` to `end`."""
    if laid.width <= room:
        return Cut("".join(laid.cells).rstrip(), 0)
    low = _low(laid.width, start, end, room)
    high = low + room
    before, after = low > 0, high < laid.width
    text = "".join(_between(laid, low + before, high - after))
    return Cut("…" * before + text.rstrip() + "…" * after, low)


def _low(total: int, start: int, end: int, room: int) -> int:
    """Return the first column to show: the line's own start where the span lets it."""
    if end < room:
        return 0
    lead = max((room - (end - start)) // 2, _CONTEXT)
    return min(max(start - lead, 0), total - room)


def _between(laid: Laid, low: int, high: int) -> Iterator[str]:
    """Yield the cells from `low` to `high`, with spaces for one that sticks out."""
    for cell, at, to in zip(laid.cells, laid.starts, laid.starts[1:], strict=False):
        if low <= at and to <= high:
            yield cell
        elif at < high and to > low:
            yield " " * (min(to, high) - max(at, low))
