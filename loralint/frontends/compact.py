"""The text of a slice, without the rows that are of no interest, and the way back to them."""

from __future__ import annotations

from dataclasses import dataclass

from loralint.frontends.masking import masked
from loralint.frontends.slicing import SMALL as HELPERS, Criteria, Slice
from loralint.frontends.units import NotCut, Unit
from loralint.source import Location, Span

SMALL = 2_000
"""Below this many characters a slice costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Compact:
    """A text and, for each of its rows, the row of the file it was taken from."""

    text: str
    rows: list[int] | None = None

    def span(self, span: Span) -> Span:
        """Where a span of the compact text stands in the file."""
        if self.rows is None:
            return span
        return Span(self._location(span.start), self._location(span.end))

    def _location(self, location: Location) -> Location:
        return Location(self.row(location.row), location.column)

    def row(self, row: int) -> int:
        """The file's row for a row of the compact text."""
        if self.rows is None or not self.rows:
            return row
        return self.rows[min(row, len(self.rows)) - 1]


def compact(text: str, criteria: Criteria) -> Compact:
    """What LibCST has to see of a module; the whole where it cannot be cut."""
    if len(text) < SMALL or "\f" in text or "\r" in text:
        return Compact(text)
    if len(text) < HELPERS and not criteria.strong.found(text):
        return Compact(text)  # read for its constants: other files name them
    try:
        return _assemble(text.split("\n"), Slice(masked(text), criteria))
    except NotCut:
        return Compact(text)


def _assemble(lines: list[str], sliced: Slice) -> Compact:
    rows: set[int] = set()
    empty: dict[int, str] = {}
    for unit in sliced.kept:
        rows.update(range(unit.first_row, unit.last_row + 1))
        if unit.opens and not _has_kept(unit, sliced):
            row, indent = _first_inside(unit, sliced)
            empty[row] = indent + "..."
    comments = {row for row in rows if row not in empty and _is_comment(lines[row - 1])}
    kept = sorted((rows | empty.keys()) - comments)
    text = "\n".join(empty[row] if row in empty else lines[row - 1] for row in kept)
    return Compact(text + "\n", kept)


def _has_kept(unit: Unit, sliced: Slice) -> bool:
    inside = sliced.units[unit.index + 1 : unit.end]
    return any(inner.parent is unit and inner in sliced.kept for inner in inside)


def _first_inside(unit: Unit, sliced: Slice) -> tuple[int, str]:
    """Row and indent of the first statement of a block."""
    if unit.index + 1 >= unit.end:
        raise NotCut
    inner = sliced.units[unit.index + 1]
    return inner.first_row, inner.text[: inner.indent]


def _is_comment(line: str) -> bool:
    """Whether a row is a comment, of which LibCST would make a node.

    In a long string it may be text, but no repo id or revision stands on a row that starts so.
    """
    return line.lstrip().startswith("#")
