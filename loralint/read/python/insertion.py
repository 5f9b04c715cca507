"""Where another keyword argument goes in a call, and what goes around it.

As the call is laid out: an argument on a row of its own is followed by one on a row of its own,
behind the comment there may be; a trailing comma stays one.
"""

from __future__ import annotations

import re

import libcst as cst

from loralint.source import Location, Span

_ENDS_ROW = re.compile(r"[ \t]*,[ \t]*(?:#.*)?\r?$")

Insertion = tuple[Span | None, tuple[str, str]]


def insertion(node: cst.CSTNode, span: Span, last: Span | None, lines: list[str]) -> Insertion:
    """The place of another argument, and its margins; no place where the node is no call.

    `span` is where the call stands, `last` its last argument.
    """
    if not isinstance(node, cst.Call):
        return None, ("", "")
    if last is None:
        return _at(span.end.row, span.end.column - 1), ("", "")
    return _behind(last, lines)


def _behind(last: Span, lines: list[str]) -> Insertion:
    """Behind the last argument."""
    row = lines[last.end.row - 1]
    before = lines[last.start.row - 1][: last.start.column - 1]
    rest = row[last.end.column - 1 :]
    plain = Span(last.end, last.end)
    if before.strip():
        return plain, (", ", "")
    if _ENDS_ROW.match(rest):
        return _at(last.end.row, len(row.rstrip("\r")) + 1), (f"\n{before}", ",")
    return plain, (", ", "") if "#" in rest or "," in rest else (f",\n{before}", "")


def _at(row: int, column: int) -> Span:
    return Span(Location(row, column), Location(row, column))
