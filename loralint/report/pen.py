"""How a snippet is drawn: the gutter, the room beside it, the mark and the colours."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from loralint.report.palette import Paint
from loralint.report.visible import width as text_width

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
