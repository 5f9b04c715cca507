"""The comments that say what commits stood for: `# main, 2026-11-24`, where pins have left them.

Beside the commit, mostly. A formatter that breaks a long call moves the comment behind the closing
bracket, or somebody has put it on a row of its own: within one statement that speaks of one commit
it belongs to that.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loralint.read.cells import lines_of
from loralint.source import Source

COMMIT = re.compile(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")
STAMP = re.compile(r"#[ \t]*(?P<ref>[^\s,#]+), (?P<date>\d{4}-\d\d-\d\d)\b")
_MAGIC = re.compile(r"^([ \t]*)[%!].*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Note:
    """The ref that a commit stood for, and the day when it was pinned."""

    ref: str
    date: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """A commit on a row, and the comment that speaks of it: its row, and from where to where."""

    commit: str
    row: int
    note: Note
    at: int
    start: int
    end: int


def stamps(source: Source, cell: int | None) -> list[Stamp]:
    """All that is noted in a file, or in a cell of a notebook."""
    rows = lines_of(source.content, cell)
    found = [stamp for number, row in enumerate(rows, 1) for stamp in _beside(number, row)]
    if source.kind in ("python", "notebook"):
        found += _apart(rows, found)
    return found


def notes(text: str) -> dict[str, Note]:
    """What a row says of the commits on it."""
    return {stamp.commit: stamp.note for stamp in _beside(1, text)}


def _beside(number: int, row: str) -> Iterator[Stamp]:
    """The comment of a row belongs to the first commit before it."""
    done = 0
    for commit in COMMIT.finditer(row):
        stamp = STAMP.search(row, commit.end())
        if stamp is not None and commit.start() >= done:
            yield _stamp(commit[0], number, stamp, number)
            done = stamp.end()


def _stamp(commit: str, row: int, stamp: re.Match[str], at: int) -> Stamp:
    note = Note(stamp["ref"], stamp["date"])
    return Stamp(commit, row, note, at, stamp.start(), stamp.end())


def _apart(rows: Sequence[str], beside: Sequence[Stamp]) -> Iterator[Stamp]:
    """Comments on other rows of a statement than the one commit that nothing else speaks of."""
    taken = {stamp.at for stamp in beside}
    loose = {
        number: match
        for number, row in enumerate(rows, 1)
        if number not in taken and (match := STAMP.search(row)) is not None
    }
    if not loose:
        return
    noted = {(stamp.row, stamp.commit) for stamp in beside}
    for first, last in _statements("\n".join(rows)):
        inside = [match for number, match in loose.items() if first <= number <= last]
        places = [
            (number, commit)
            for number in (range(first, last + 1) if inside else ())
            for commit in COMMIT.findall(rows[number - 1])
            if (number, commit) not in noted
        ]
        if len(inside) == 1 and len({commit for _, commit in places}) == 1:
            at = next(number for number, match in loose.items() if match is inside[0])
            yield from (_stamp(commit, number, inside[0], at) for number, commit in places)


_SPACE = frozenset({tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT})


def _statements(text: str) -> Iterator[tuple[int, int]]:
    """The first and the last row of each statement that has several; lines of IPython are none."""
    start = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(_MAGIC.sub(r"\1pass", text)).readline):
            if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
                if start and token.end[0] > start:
                    yield start, token.start[0]
                start = 0
            elif not start and token.type not in _SPACE:
                start = token.start[0]
    except (tokenize.TokenError, SyntaxError):
        return
