"""The comments that silence findings, and the rows that each of them covers."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator

from loralint.facts import Suppression
from loralint.source import Span

_LORALINT = re.compile(r"#\s*loralint:\s*ignore(?P<file>-file)?\[(?P<names>[^\]]*)\]")
_ANY = re.compile(r"loralint:\s*ignore|noqa:[^\n]*\bLOR\d", re.IGNORECASE)
_NOQA = re.compile(r"#\s*noqa:\s*(?P<codes>[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*)", re.IGNORECASE)


def suppressions(text: str, calls: Iterable[Span]) -> tuple[Suppression, ...]:
    """The suppressing comments of a module; `calls` are the spans of its recorded calls."""
    lower = text.lower()  # two searches for a text are ten times as fast as the pattern
    if not ("loralint" in lower or "noqa" in lower) or not _ANY.search(text):
        return ()
    spans = sorted(calls)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return ()
    return tuple(_suppressions(tokens, spans))


def _suppressions(tokens: list[tokenize.TokenInfo], calls: list[Span]) -> Iterator[Suppression]:
    for position, token in enumerate(tokens):
        if token.type != tokenize.COMMENT:
            continue
        selectors, whole_file, noqa = parse(token.string)
        if selectors:
            first, last = _covered(tokens, position, calls)
            span = Span.of(token.start[0], token.start[1] + 1, token.end[0], token.end[1] + 1)
            yield Suppression(selectors, first, last, span, whole_file, None, noqa)


def parse(comment: str) -> tuple[tuple[str, ...], bool, bool]:
    """The selectors of a comment, whether they hold for the file, and whether it is a `noqa`."""
    match = _LORALINT.search(comment)
    if match is not None:
        names = tuple(name.strip() for name in match["names"].split(",") if name.strip())
        return names, match["file"] is not None, False
    match = _NOQA.search(comment)
    codes = re.split(r"[\s,]+", match["codes"]) if match is not None else []
    return tuple(code for code in codes if code.upper().startswith("LOR")), False, True


def _covered(tokens: list[tokenize.TokenInfo], position: int, calls: list[Span]) -> tuple[int, int]:
    """The rows that a comment covers: its calls', or the next statement's where it is alone."""
    row = tokens[position].start[0]
    around = [span for span in calls if span.start.row <= row <= span.end.row]
    first = min([row, *(span.start.row for span in around)])
    if not _alone(tokens, position):
        return first, row
    return first, max(row, _next_statement_end(tokens, position))


def _alone(tokens: list[tokenize.TokenInfo], position: int) -> bool:
    token = tokens[position]
    return not token.line[: token.start[1]].strip()


def _next_statement_end(tokens: list[tokenize.TokenInfo], position: int) -> int:
    for token in tokens[position + 1 :]:
        if token.type == tokenize.NEWLINE:
            return token.start[0]
        if token.type == tokenize.ENDMARKER:
            break
    return tokens[position].start[0]
