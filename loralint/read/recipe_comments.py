"""The comments of YAML and TOML that silence findings, and the rows that each of them covers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loralint.facts import Suppression
from loralint.read.python.comments import parse
from loralint.read.recipe_nodes import Tree
from loralint.source import Location, Span

_MAY = re.compile(r"loralint:\s*ignore|noqa:[^\n]*\bLOR\d", re.IGNORECASE)
_HASH = re.compile(r"(?:^|(?<=\s))#")


def suppressions(text: str, tree: Tree) -> tuple[Suppression, ...]:
    """The suppressing comments of a file; what stands inside a scalar is none."""
    if not _MAY.search(text):
        return ()
    return tuple(_found(text.splitlines(), tree.scalars))


def _found(lines: list[str], scalars: tuple[Span, ...]) -> Iterator[Suppression]:
    for row, line in enumerate(lines, 1):
        column = _comment(line, row, scalars) if _MAY.search(line) else None
        if column is None:
            continue
        selectors, whole_file, noqa = parse(line[column - 1 :])
        if selectors:
            last = row if line[: column - 1].strip() else _next(lines, row)
            span = Span.of(row, column, row, len(line) + 1)
            yield Suppression(selectors, row, last, span, whole_file, None, noqa)


def _comment(line: str, row: int, scalars: tuple[Span, ...]) -> int | None:
    """The column at which the comment of a line begins."""
    for match in _HASH.finditer(line):
        here = Location(row, match.start() + 1)
        quoted = any(line[: match.start()].count(quote) % 2 for quote in ('"', "'"))
        inside = any(span.start <= here < span.end for span in scalars)
        if not inside and not (quoted and not scalars):
            return here.column
    return None


def _next(lines: list[str], row: int) -> int:
    """The row of what follows a comment that stands alone."""
    for number, line in enumerate(lines[row:], row + 1):
        if line.strip() and not line.lstrip().startswith("#"):
            return number
    return row
