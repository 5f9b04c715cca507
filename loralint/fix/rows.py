"""Places in a text: rows and columns from 1 ↔ offsets, and edits laid into the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from loralint.diagnostics import Edit
from loralint.source import Location, Span

_ENDS = re.compile(r"\r\n|\r|\n")
_YAML_ENDS = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
"""YAML knows more line ends than anybody else."""


class OutsideText(ValueError):
    """An edit whose place is not in the text."""


class Rows:
    """The rows of a text."""

    def __init__(self, text: str, *, yaml: bool = False) -> None:
        self.text = text
        ends = list((_YAML_ENDS if yaml else _ENDS).finditer(text))
        self._starts = [0, *(end.end() for end in ends)]
        self._stops = [*(end.start() for end in ends), len(text)]
        self.newline = ends[0][0] if ends and ends[0][0] in ("\r\n", "\r") else "\n"

    def offset(self, location: Location) -> int:
        """Where a location lies; the row after the last one is the end of the text."""
        row, column = location.row - 1, location.column - 1
        if row == len(self._starts) and column == 0:
            return len(self.text)
        if not 0 <= row < len(self._starts):
            raise OutsideText(f"there is no row {location.row}")
        found = self._starts[row] + column
        if column < 0 or found > self._stops[row]:
            raise OutsideText(f"row {location.row} has no column {location.column}")
        return found

    def edited(self, edits: Iterable[Edit]) -> str:
        """The text with the edits in it; their line ends become those of the text."""
        pieces: list[str] = []
        done = 0
        for start, end, content in self._ordered(edits):
            if start < done:
                raise OutsideText("two edits overlap")
            pieces += (self.text[done:start], content.replace("\n", self.newline))
            done = end
        return "".join((*pieces, self.text[done:]))

    def _ordered(self, edits: Iterable[Edit]) -> list[tuple[int, int, str]]:
        spans = ((edit.place.span, edit.content) for edit in edits)
        return sorted((self.offset(s.start), self.offset(s.end), text) for s, text in spans)


def overlap(one: Span, other: Span) -> bool:
    """Whether two edits cannot both be made: they share text, or insert at one place."""
    if one.start == other.start:
        return True
    first, second = sorted((one, other))
    return second.start < first.end


def in_conflict(edit: Edit, others: Sequence[Edit]) -> bool:
    """Whether an edit cannot be made beside others; the very same one can."""
    place = edit.place
    return any(
        (place.path, place.cell) == (other.place.path, other.place.cell)
        and edit != other
        and overlap(place.span, other.place.span)
        for other in others
    )
