"""The comments that silence findings, in files of every kind, and the rows that each covers.

A notebook's are those of its Python.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator

from loralint.facts import Suppression
from loralint.source import Location, Span

_LORALINT = re.compile(r"#\s*loralint:\s*ignore(?P<file>-file)?\[(?P<names>[^\]]*)\]")
_NOQA = re.compile(r"#\s*noqa:\s*(?P<codes>[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*)", re.IGNORECASE)
_WORDS = "ignore|disable|noqa|skip|off|nolint|suppress|allow"
_MEANT = re.compile(
    rf"#\s*loralint\s*(?:[:=]\s*(?:{_WORDS})(?:-file)?\b|\s(?:{_WORDS})(?:-file)?\s*(?:$|[\[(=:]))",
    re.IGNORECASE,
)
"""What somebody wrote to silence loralint, as other tools spell it: it silences nothing."""

_ANY = re.compile(r"#\s*loralint\b|noqa:[^\n]*\bLOR\d", re.IGNORECASE)
_IS_NOTE = re.compile(r"\s*#").match
_HASH = re.compile(r"(?:^|(?<=\s))#")


def _has_any(text: str) -> bool:
    """Whether a text may silence anything."""
    lower = text.lower()  # two searches for a text are ten times as fast as the pattern
    return ("loralint" in lower or "noqa" in lower) and _ANY.search(text) is not None


def _suppression(comment: str, row: int, column: int, rows: tuple[int, int]) -> Suppression | None:
    """What a comment at a place silences in some rows; None where it is not meant to."""
    span = Span.of(row, column, row, column + len(comment))
    match = _LORALINT.search(comment)
    if match is not None:
        selectors = tuple(filter(None, (name.strip() for name in match["names"].split(","))))
        return Suppression(selectors, *rows, span, match["file"] is not None)
    meant = _MEANT.search(comment)
    if meant is not None:
        return Suppression((), *rows, span, "-file" in meant[0])
    noqa = _NOQA.search(comment)
    codes = re.split(r"[\s,]+", noqa["codes"]) if noqa is not None else []
    ours = tuple(code for code in codes if code.upper().startswith("LOR"))
    return Suppression(ours, *rows, span, noqa=True) if ours else None


# --- Python -------------------------------------------------------------------------------------


def of_python(text: str, calls: Iterable[Span]) -> tuple[Suppression, ...]:
    """The suppressing comments of a module; `calls` are the spans of its recorded calls.

    A comment covers the calls around it, and the next statement where it stands alone.
    """
    if not _has_any(text):
        return ()
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return ()
    spans = sorted(calls)
    found: list[Suppression | None] = []
    for position, token in enumerate(tokens):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            around = [span.start.row for span in spans if span.start.row <= row <= span.end.row]
            is_alone = not token.line[:column].strip()
            last = max(row, _statement_end(tokens[position + 1 :], row)) if is_alone else row
            found.append(_suppression(token.string, row, column + 1, (min([row, *around]), last)))
    return tuple(filter(None, found))


def _statement_end(tokens: list[tokenize.TokenInfo], row: int) -> int:
    """The row in which the first statement of some tokens ends."""
    ends = (each for each in tokens if each.type in (tokenize.NEWLINE, tokenize.ENDMARKER))
    end = next(ends, None)
    return end.start[0] if end is not None and end.type == tokenize.NEWLINE else row


# --- YAML and TOML ------------------------------------------------------------------------------


def of_document(text: str, scalars: tuple[Span, ...]) -> tuple[Suppression, ...]:
    """The suppressing comments of a configuration file; what stands inside a scalar is none."""
    return tuple(_in_document(text.splitlines(), scalars)) if _has_any(text) else ()


def _in_document(lines: list[str], scalars: tuple[Span, ...]) -> Iterator[Suppression]:
    for row, line in enumerate(lines, 1):
        column = _comment(line, row, scalars) if _ANY.search(line) else None
        if column is None:
            continue
        last = row
        if not line[: column - 1].strip():  # it stands alone, and covers what follows
            following = enumerate(lines[row:], row + 1)
            last = next((n for n, each in following if each.strip() and not _IS_NOTE(each)), row)
        found = _suppression(line[column - 1 :], row, column, (row, last))
        if found is not None:
            yield found


def _comment(line: str, row: int, scalars: tuple[Span, ...]) -> int | None:
    """The column at which the comment of a line begins; TOML does not say where its scalars are."""
    for match in _HASH.finditer(line):
        here = Location(row, match.start() + 1)
        if scalars:
            hidden = any(span.start <= here < span.end for span in scalars)
        else:
            hidden = any(line[: match.start()].count(quote) % 2 for quote in ('"', "'"))
        if not hidden:
            return here.column
    return None


# --- shell --------------------------------------------------------------------------------------

_OF_SHELL = re.compile(r"(?:^|\s)(#.*)$")


def of_shell(text: str, commands: Iterable[Span]) -> tuple[Suppression, ...]:
    """The suppressing comments of a file with command lines, whose places are `commands`."""
    return tuple(_in_shell(text.split("\n"), list(commands))) if _has_any(text) else ()


def _in_shell(lines: list[str], commands: list[Span]) -> Iterator[Suppression]:
    """A comment covers the command that it stands in, or alone above."""
    for row, line in enumerate(lines, 1):
        match = _OF_SHELL.search(line)
        if match is None:
            continue
        is_alone = not line[: match.start(1)].strip()
        covered = [span for span in commands if span.start.row <= row <= span.end.row
                   or (is_alone and span.start.row == row + 1)]  # fmt: skip
        rows = [row, *(each for span in covered for each in (span.start.row, span.end.row))]
        covers = min(rows), max([*rows, row + is_alone])
        found = _suppression(match[1], row, match.start(1) + 1, covers)
        if found is not None:
            yield found
