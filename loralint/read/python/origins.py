"""Where the text of a statement came from: its rows joined to one, and the way back."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loralint.source import Location, Span

if TYPE_CHECKING:
    import libcst as cst

    from loralint.read.python.statements import Parsed, ParsedModule
    from loralint.read.python.units import Unit

Row = tuple[tuple[int, int, int], ...]
"""The pieces of a row: the column where each begins, and its row and column in the file."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A parsed statement at one place; without `rows` it stands in the file as it is."""

    parsed: Parsed | ParsedModule
    rows: Sequence[Row] = ()

    def span(self, node: cst.CSTNode) -> Span:
        """Where a call, an argument, a dict or an import of the statement stands in the file."""
        span = self.parsed.spans[id(node)]
        if not self.rows:
            return span
        start = self._at(span.start.row, span.start.column)
        last = self._at(span.end.row, span.end.column - 1)
        return Span(start, Location(last.row, last.column + 1))

    def _at(self, row: int, column: int) -> Location:
        pieces = self.rows[row - 1]
        position = bisect_right(pieces, column, key=_column) - 1 if len(pieces) > 1 else 0
        begin, file_row, file_column = pieces[position]
        return Location(file_row, file_column + column - begin)


def _column(piece: tuple[int, int, int]) -> int:
    return piece[0]


@dataclass(frozen=True, slots=True)
class Text:
    """The text of units as LibCST reads it, without indentation and comments."""

    text: str
    rows: tuple[Row, ...]

    def below(self, decorator: Text) -> Text:
        """This text under another."""
        return Text(f"{decorator.text}\n{self.text}", decorator.rows + self.rows)


def text_of(unit: Unit, lines: Sequence[str], skip: int = 0) -> Text:
    """A unit's text from `skip` characters on; `lines` are those of the file."""
    indent = unit.indent + skip
    if unit.first_row == unit.last_row:
        code = lines[unit.first_row - 1][indent : len(unit.text.rstrip())]
        return Text(code, (((1, unit.first_row, indent + 1),),))
    masked = unit.text.split("\n")
    rows = lines[unit.first_row - 1 : unit.last_row]
    if any(row.endswith("\\") for row in masked):  # a string of several rows: its text counts
        return _verbatim(rows, unit.first_row, indent)
    return _joined(rows, masked, unit.first_row, indent)


def _verbatim(rows: Sequence[str], first: int, indent: int) -> Text:
    columns = (indent + 1, *(1 for _ in rows[1:]))
    places = tuple(((1, first + at, column),) for at, column in enumerate(columns))
    return Text("\n".join((rows[0][indent:], *rows[1:])), places)


def _joined(rows: Sequence[str], masked: Sequence[str], first: int, indent: int) -> Text:
    pieces: list[tuple[int, int, int]] = []
    codes: list[str] = []
    masks: list[str] = []
    column = 1
    for at, (row, mask) in enumerate(zip(rows, masked, strict=True)):
        code = row[: len(mask.rstrip())]
        begin = indent if at == 0 else len(code) - len(code.lstrip())
        if begin < len(code):
            pieces.append((column, first + at, begin + 1))
            codes.append(code[begin:])
            masks.append(mask[begin : len(code)])
            column += len(code) - begin + 1
    return Text(_without_metadata(" ".join(codes), " ".join(masks)), (tuple(pieces),))


_METADATA = re.compile(r"\bfield\s*\(.*?\bmetadata\s*=\s*\{")


def _without_metadata(text: str, masked: str) -> str:
    """A dataclass's field without the help that goes with it: nothing is read from that."""
    match = _METADATA.match(masked, masked.find("field"))
    if match is None:
        return text
    end, depth = match.end(), 1
    while depth and end < len(masked):
        depth += (masked[end] in "([{") - (masked[end] in ")]}")
        end += 1
    return text[: match.end()] + " " * (end - 1 - match.end()) + text[end - 1 :]
