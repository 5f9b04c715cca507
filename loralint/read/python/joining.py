"""The Python of a notebook's cells as one module, with the way back from each of its rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from loralint.catalog import MARKERS
from loralint.facts import (
    CallFact,
    CommandFact,
    FileError,
    FileFacts,
    LoadSite,
    SaveSite,
    Suppression,
)
from loralint.read.magics import Row, Scanner
from loralint.read.python.parsing import NotPython, parse
from loralint.source import Location, Span


@dataclass(frozen=True)
class Piece:
    """The Python of one cell, or of a script with magics in it (which is no cell).

    `lenient` where an unknown magic may mean that it is none.
    """

    cell: int | None
    rows: list[Row]
    lenient: bool = False

    @property
    def text(self) -> str:
        """The rows, each with its end."""
        return "".join(f"{row.text}\n" for row in self.rows)

    @property
    def names_a_loader(self) -> bool:
        """Whether the text has a word that matters: prose in a code cell has none."""
        return any(word in MARKERS for word in _WORD.findall(self.text))

    def error(self) -> FileError | None:
        """Why this cell does not parse."""
        try:
            parse(self.text)
        except NotPython as error:
            origin = self.rows[min(error.row, len(self.rows)) - 1] if self.rows else Row("", 1)
            at = max(1, error.column + origin.shift)
            span = Span.of(origin.row, at, origin.row, at + 1)
            return FileError(error.message, span, self.cell)
        return None


_WORD = re.compile(r"[A-Za-z_]\w*")
_INDENT = "    "


def apart(cell: int | None, name: str, texts: Iterable[Row]) -> Piece:
    """A program of its own as a piece: its names are those of a function that nobody calls.

    Rows that go on with a statement stand as they are: they may be parts of a text.
    """
    rows = list(texts)
    scanner = Scanner()
    made = [Row(f"def {name}():", rows[0].row if rows else 1)]
    for row in rows:
        joins = scanner.inside
        scanner.feed(row.text)
        moved = Row(_INDENT + row.text, row.row, row.shift - len(_INDENT))
        made.append(row if joins or not row.text.strip() else moved)
    return Piece(cell, [*made, Row(f"{_INDENT}pass", made[-1].row)])


class Joined:
    """Pieces in the order of the page; names go from one to the next."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.pieces = list(pieces)
        self.rows = [(piece.cell, row) for piece in self.pieces for row in piece.rows]

    @property
    def text(self) -> str:
        """The module."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def places(self) -> list[tuple[int | None, int]]:
        """The cell and the row of each row of the module."""
        return [(cell, row.row) for cell, row in self.rows]

    def traced(self, facts: FileFacts) -> FileFacts:
        """The facts of the module, each in its cell and at its row in there."""
        return msgspec.structs.replace(
            facts,
            calls=tuple(map(self._call, facts.calls)),
            loads=tuple(map(self._load, facts.loads)),
            saves=tuple(map(self._save, facts.saves)),
            commands=tuple(map(self._command, facts.commands)),
            suppressions=tuple(map(self._suppression, facts.suppressions)),
            literals=tuple(self._literals(facts.literals)),
        )

    def _call(self, call: CallFact) -> CallFact:
        span, cell = self._span(call.span), self._cell(call.span)
        return msgspec.structs.replace(call, span=span, cell=cell)

    def _load(self, load: LoadSite) -> LoadSite:
        span, cell = self._span(load.span), self._cell(load.span)
        at = self._span(load.template_at) if load.template_at is not None else None
        return msgspec.structs.replace(load, span=span, cell=cell, template_at=at)

    def _save(self, save: SaveSite) -> SaveSite:
        span, cell = self._span(save.span), self._cell(save.span)
        return msgspec.structs.replace(save, span=span, cell=cell)

    def _command(self, command: CommandFact) -> CommandFact:
        """A command with its flags; one that another cell gives stands where the command does."""
        cell, span = self._cell(command.span), self._span(command.span)
        flags = (
            msgspec.structs.replace(
                flag, span=self._span(flag.span) if self._cell(flag.span) == cell else span
            )
            for flag in command.flags
        )
        return msgspec.structs.replace(command, span=span, cell=cell, flags=tuple(flags))

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

    def _cell(self, span: Span) -> int | None:
        return self.rows[span.start.row - 1][0]

    def _span(self, span: Span) -> Span:
        return Span(self._location(span.start), self._location(span.end))

    def _location(self, location: Location) -> Location:
        row = self.rows[location.row - 1][1]
        return Location(row.row, location.column + row.shift)
