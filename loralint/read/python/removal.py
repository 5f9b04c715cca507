"""What is to be cut out of a call to take one of its arguments away."""

from __future__ import annotations

import re

from loralint.source import Location, Span

_ENDS_ROW = re.compile(r"[ \t]*,?[ \t]*\r?")
_COMMA = re.compile(r"\s*,\s*")


def removal(argument: Span, before: Span | None, lines: list[str]) -> Span | None:
    """The argument with the comma before it, or the rows that hold nothing else.

    `before` is the argument in front. None where a comment would go too, or where none is.
    """
    start, end = argument.start, argument.end
    if before is not None and _COMMA.fullmatch(written(lines, Span(before.end, start))):
        return Span(before.end, end)
    head = lines[start.row - 1][: start.column - 1]
    rest = lines[end.row - 1][end.column - 1 :]
    if not head.strip() and _ENDS_ROW.fullmatch(rest):
        return Span(Location(start.row, 1), Location(end.row + 1, 1))
    return None


def written(lines: list[str], span: Span) -> str:
    """What stands in a span."""
    rows = [row.rstrip("\r") for row in lines[span.start.row - 1 : span.end.row]]
    if not rows:
        return ""
    rows[-1] = rows[-1][: span.end.column - 1]
    rows[0] = rows[0][span.start.column - 1 :]
    return "\n".join(rows)
