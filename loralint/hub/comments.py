"""What a pin stood for, in a comment beside it: `revision="<commit>",  # main, 2026-11-24`.

People read the comment, and `pin --upgrade`, `lock` and `outdated` do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NOTE = re.compile(
    r"\b(?P<commit>[0-9a-f]{40})\b[^\n]*?"
    r"#[ \t]*(?P<ref>[^\s,#]+), (?P<date>\d{4}-\d\d-\d\d)\b"
)
"""On one row."""


@dataclass(frozen=True, slots=True)
class Note:
    """The ref that a commit stood for, and the day when it was pinned."""

    ref: str
    date: str


def comment(ref: str, date: str) -> str:
    """The comment of a pin, without the `#`."""
    return f"{ref}, {date}"


def notes(texts: Iterable[str]) -> dict[str, Note]:
    """What the comments of some files say, by commit; where they differ, the latest."""
    found: dict[str, Note] = {}
    for text in texts:
        for match in _NOTE.finditer(text):
            note = Note(match["ref"], match["date"])
            known = found.get(match["commit"])
            if known is None or known.date < note.date:
                found[match["commit"]] = note
    return found
