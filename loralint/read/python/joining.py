"""The Python of a notebook's cells as one module, with the way back from each of its rows."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from loralint.facts import CallFact, FileError, FileFacts, Suppression
from loralint.read.magics import Row
from loralint.read.python.nesting import nested_deeply
from loralint.source import Location, Span

DEEP = "nested too deeply to be read"


@dataclass(frozen=True)
class Piece:
    """The Python of one cell; `lenient` where an unknown magic may mean that it is none."""

    cell: int
    rows: list[Row]
    lenient: bool = False

    @property
    def text(self) -> str:
        """The rows, each with its end."""
        return "".join(f"{row.text}\n" for row in self.rows)

    def error(self, *, strict: bool = False) -> FileError | None:
        """Why this cell does not parse; `strict` asks LibCST even where Python has no objection."""
        found = _problem(self.text, strict)
        if found is None:
            return None
        message, row, column = found
        origin = self.rows[min(row, len(self.rows)) - 1] if self.rows else Row("", 1)
        at = max(1, column + origin.shift)
        return FileError(message, Span.of(origin.row, at, origin.row, at + 1), self.cell)


def _problem(text: str, strict: bool) -> tuple[str, int, int] | None:
    if nested_deeply(text):
        return DEEP, 1, 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
        if not strict:
            return None
    except (SyntaxError, ValueError):
        pass  # LibCST may know a newer grammar
    except (RecursionError, MemoryError):
        return DEEP, 1, 1
    return _to_libcst(text)


def _to_libcst(text: str) -> tuple[str, int, int] | None:
    import libcst as cst

    from loralint.read.python.module import syntax_error

    try:
        cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        return syntax_error(text, error)
    except RecursionError:
        return DEEP, 1, 1
    return None


class Joined:
    """Pieces in the order of the page; names go from one to the next."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.pieces = list(pieces)
        self.rows = [(piece.cell, row) for piece in self.pieces for row in piece.rows]

    @property
    def text(self) -> str:
        """The module."""
        return "".join(piece.text for piece in self.pieces)

    def traced(self, facts: FileFacts) -> FileFacts:
        """The facts of the module, each in its cell and at its row in there."""
        return msgspec.structs.replace(
            facts,
            calls=tuple(map(self._call, facts.calls)),
            suppressions=tuple(map(self._suppression, facts.suppressions)),
            literals=tuple(self._literals(facts.literals)),
        )

    def _call(self, call: CallFact) -> CallFact:
        return msgspec.structs.replace(call, span=self._span(call.span), cell=self._cell(call.span))

    def _literals(
        self, literals: tuple[tuple[int, Span, int | None], ...]
    ) -> Iterator[tuple[int, Span, int | None]]:
        """The literals in their cells, but for those that a form's field has moved in its row."""
        texts = self.text.split("\n") if literals else []
        for number, span, _ in literals:
            if "__form__(" not in texts[span.start.row - 1]:
                yield number, self._span(span), self._cell(span)

    def _suppression(self, one: Suppression) -> Suppression:
        """A comment covers rows of its own cell only."""
        cell = self._cell(one.span)
        covered = [
            row.row for number, row in self.rows[one.first_row - 1 : one.last_row] if number == cell
        ]
        return msgspec.structs.replace(
            one, span=self._span(one.span), cell=cell, first_row=covered[0], last_row=covered[-1]
        )

    def _cell(self, span: Span) -> int:
        return self.rows[span.start.row - 1][0]

    def _span(self, span: Span) -> Span:
        return Span(self._location(span.start), self._location(span.end))

    def _location(self, location: Location) -> Location:
        row = self.rows[location.row - 1][1]
        return Location(row.row, location.column + row.shift)
