"""What the text of a project says about commits: which are written, and what they stood for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from loralint.hub.comments import Note, notes

_COMMIT = re.compile(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")


@dataclass(frozen=True)
class Sources:
    """The commits that stand in the code, and the comments beside them, by commit."""

    commits: frozenset[str] = frozenset()
    notes: Mapping[str, Note] = field(default_factory=dict)

    @staticmethod
    def of(texts: Iterable[str]) -> Sources:
        """Read them out of the project's texts, lock files excepted."""
        kept = [text for text in texts if _COMMIT.search(text)]
        commits = frozenset(commit for text in kept for commit in _COMMIT.findall(text))
        return Sources(commits, notes(kept))
