"""Source lines in a gutter with the span marked under them, as rustc draws it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loralint.report.layout import Laid, cut, lay_out
from loralint.report.pen import Pen
from loralint.source import Location, Span

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
