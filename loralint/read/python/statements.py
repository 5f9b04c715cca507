"""One statement → its LibCST node, each text parsed once.

Test suites and families of scripts write the same statement hundreds of times. Whatever has the
same text shares one node; where it stands is the business of `places.Origin`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TypeAlias

import libcst as cst

from loralint.read.python.nesting import nested_deeply
from loralint.read.python.positions import spans_of, written
from loralint.source import Span

ROOM = 250_000
"""How many characters of parsed statements are kept for the files to come; 60 bytes each."""


Statement: TypeAlias = cst.SimpleStatementLine | cst.BaseCompoundStatement


class Parsed:
    """A statement as LibCST read it, and where the nodes stand in its text."""

    def __init__(self, node: Statement) -> None:
        self.node = node

    @cached_property
    def spans(self) -> dict[int, Span]:
        """The spans of the calls, arguments, dicts and imports by `id`."""
        return spans_of(self.node)


class ParsedModule:
    """A module as LibCST read it."""

    def __init__(self, node: cst.Module) -> None:
        self.node = node

    @property
    def spans(self) -> dict[int, Span]:
        """The spans of the calls, arguments, dicts and imports by `id`."""
        return self._written[0]

    @property
    def code(self) -> str:
        """The code as LibCST writes it: what it read, letter by letter."""
        return self._written[1]

    @cached_property
    def _written(self) -> tuple[dict[int, Span], str]:
        return written(self.node)


class Statements:
    """The parsed statements, those of long ago forgotten."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = self._left = room
        self._new: dict[str, Parsed] = {}
        self._old: dict[str, Parsed] = {}

    def parsed(self, text: str) -> Parsed:
        """The statement of a text; raises ParserSyntaxError where it is none."""
        found = self._new.get(text)
        if found is None:
            found = self._old.get(text) or _parse(text)
            self._add(text, found)
        return found

    def _add(self, text: str, parsed: Parsed) -> None:
        self._left -= len(text)
        if self._left < 0:
            self._left = self._room - len(text)
            self._old, self._new = self._new, {}
        self._new[text] = parsed


def _parse(text: str) -> Parsed:
    if nested_deeply(text):
        raise RecursionError
    return Parsed(cst.parse_statement(text))
