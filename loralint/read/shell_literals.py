"""Where the revisions of command lines stand: inside the words that give them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from loralint.facts import CommandFact, Known, Value
from loralint.source import Span


def literals(
    text: str, commands: Iterable[CommandFact], revisions: Iterable[tuple[Value, Span]]
) -> dict[int, Span | None]:
    """The places of flags' values and of revisions, by identity, without their quotes."""
    lines = text.split("\n")
    flags = ((flag.value, flag.span) for command in commands for flag in command.flags)
    return {
        id(value): _inside(lines, value.value, span)
        for value, span in (*flags, *revisions)
        if isinstance(value, Known) and isinstance(value.value, str)
    }


def _inside(lines: list[str], value: str, span: Span) -> Span | None:
    """Where a value stands in a word; nowhere if the word is another text, or has it twice."""
    row = span.start.row
    if row != span.end.row or row > len(lines) or not value:
        return None
    word = lines[row - 1][span.start.column - 1 : span.end.column - 1]
    pattern = rf"(?:^|(?<=[=,\"'])){re.escape(value)}(?=$|[,\"'])"
    found = list(re.finditer(pattern, word))
    if len(found) != 1:
        return None
    start = span.start.column + found[0].start()
    return Span.of(row, start, row, start + len(value))
