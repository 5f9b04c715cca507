"""Source lines in a gutter with the span marked under them, as rustc draws it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from loralint.report.text import Paint
from loralint.source import Location, Span
from loralint.text import shown, width, width as text_width

_HEAD = 3
"""How many lines after the first are shown of a span that is too long to show whole."""
_MOST = 6
_BAR = 2
"""The columns of the bar beside a span over several lines."""


def snippet(lines: Sequence[str], span: Span, label: str, pen: Pen) -> Iterator[str]:
    """Yield the lines of a span with marks under it; nothing where the lines are not known."""
    if span.start.row > len(lines):
        return
    span = _within(lines, span)
    yield pen.row(None)
    draw = _one_line if span.start.row == span.end.row else _several_lines
    yield from draw(lines, span, label, pen)
    yield pen.row(None)


def _within(lines: Sequence[str], span: Span) -> Span:
    """End a span inside the file, and before the line break that it includes."""
    start, end = span.start, span.end
    if end.row > len(lines) or (end.row > start.row and end.column <= 1):
        row = max(min(end.row - 1, len(lines)), start.row)
        end = Location(row, len(lines[row - 1].rstrip("\r\n")) + 1)
    return Span(start, max(start, end))


def _one_line(lines: Sequence[str], span: Span, label: str, pen: Pen) -> Iterator[str]:
    row = span.start.row
    laid = lay_out(lines[row - 1])
    start = laid.column(span.start.column)
    end = max(laid.column(span.end.column), start + 1)
    seen = cut(laid, start, end, pen.room())
    end = min(end, max(seen.low + pen.room(), start + 1))
    yield pen.row(row, seen.text)
    yield from pen.labelled(" " * (start - seen.low), pen.mark * (end - start), label)


def _several_lines(lines: Sequence[str], span: Span, label: str, pen: Pen) -> Iterator[str]:
    first, last = span.start.row, span.end.row
    yield from _opening(first, lay_out(lines[first - 1]), span.start.column, pen)
    bar = pen.marked("|")
    for row in _between(first, last):
        text = "…" if row is None else cut(lay_out(lines[row - 1]), 0, 0, pen.room(_BAR)).text
        yield pen.row(row, f"{bar} {text}")
    yield from _closing(last, lay_out(lines[last - 1]), span.end.column, label, pen)


def _between(first: int, last: int) -> list[int | None]:
    """Return the rows between the first and the last one; None for those left out."""
    rows: list[int | None] = list(range(first + 1, last))
    return rows if len(rows) <= _MOST else [*rows[:_HEAD], None]


def _opening(row: int, laid: Laid, column: int, pen: Pen) -> Iterator[str]:
    """Yield the first line: a slash where the span begins the line, else a line up to it."""
    start = laid.column(column)
    seen = cut(laid, start, start + 1, pen.room(_BAR))
    begins_line = not "".join(laid.cells[: column - 1]).strip()
    yield pen.row(row, f"{pen.marked('/') if begins_line else ' '} {seen.text}")
    if not begins_line:
        yield pen.row(None, " " + pen.marked("_" * (start - seen.low + 1) + pen.mark))


def _closing(row: int, laid: Laid, column: int, label: str, pen: Pen) -> Iterator[str]:
    """Yield the last line and the line under it, up to the span's last character."""
    end = laid.column(column)
    seen = cut(laid, max(end - 1, 0), end, pen.room(_BAR))
    yield pen.row(row, f"{pen.marked('|')} {seen.text}")
    yield from pen.labelled("", "|" + "_" * max(end - seen.low, 1) + pen.mark, label)


_LEAST_ROOM = 30


class Pen(msgspec.Struct, frozen=True):
    """Draws behind a gutter of `gutter` columns on a terminal of `width` columns.

    `mark` goes under a span, in `style`; `margin` columns stay free for the bar of a span
    over several lines.
    """

    gutter: int
    width: int
    paint: Paint
    mark: str = "^"
    style: str = "error"

    def room(self, margin: int = 0) -> int:
        """Return the columns that are left for source text; some even on a tiny terminal."""
        return max(self.width - self.gutter - 3, _LEAST_ROOM) - margin

    def row(self, number: int | None, text: str = "") -> str:
        """Return one line behind the gutter, with a row number or none."""
        label = "" if number is None else str(number)
        bar = self.paint(f"{label:>{self.gutter}} |", "gutter")
        return f"{bar} {text}".rstrip() if text else bar

    def marked(self, text: str) -> str:
        """Return a mark, a bar or a label in the colour of the mark."""
        return self.paint(text, self.style)

    def labelled(self, lead: str, marks: str, label: str) -> Iterator[str]:
        """Yield the marks with the label behind them, or below them where it does not fit."""
        end = text_width(lead) + text_width(marks)
        fits = end + 1 + text_width(label) <= self.room()
        beside = f"{marks} {label}" if label and fits else marks
        yield self.row(None, lead + self.marked(beside))
        if label and not fits:
            indent = min(text_width(lead), max(self.room() - text_width(label), 0))
            yield self.row(None, " " * indent + self.marked(label))


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
    text = "".join(_cells_between(laid, low + before, high - after))
    return Cut("…" * before + text.rstrip() + "…" * after, low)


def _low(total: int, start: int, end: int, room: int) -> int:
    """Return the first column to show: the line's own start where the span lets it."""
    if end < room:
        return 0
    lead = max((room - (end - start)) // 2, _CONTEXT)
    return min(max(start - lead, 0), total - room)


def _cells_between(laid: Laid, low: int, high: int) -> Iterator[str]:
    """Yield the cells from `low` to `high`, with spaces for one that sticks out."""
    for cell, at, to in zip(laid.cells, laid.starts, laid.starts[1:], strict=False):
        if low <= at and to <= high:
            yield cell
        elif at < high and to > low:
            yield " " * (min(to, high) - max(at, low))
