"""Comments that silence findings: which finding each one hides, and which hide nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from loralint.config.selectors import covers
from loralint.diagnostics import Diagnostic
from loralint.facts import FileFacts, Suppression

EXEMPT = "LOR002"
"""What a comment on its own line cannot hide: that it hides nothing."""


@dataclass
class Comment:
    """A suppressing comment, and the selectors in it that have hidden something."""

    path: str
    suppression: Suppression
    used: set[str] = field(default_factory=set)

    def hides(self, found: Diagnostic) -> bool:
        """Whether the comment hides a finding; it is noted down if so."""
        if not self._reaches(found):
            return False
        fitting = [one for one in self.suppression.selectors if covers(one, found.code, found.name)]
        self.used.update(fitting)
        return bool(fitting)

    def _reaches(self, found: Diagnostic) -> bool:
        one, place = self.suppression, found.place
        if one.whole_file:
            return True
        if found.code == EXEMPT or one.cell != place.cell:
            return False
        return one.first_row <= place.span.start.row <= one.last_row


class Suppressions:
    """All comments of a project."""

    def __init__(self, files: Mapping[str, FileFacts]) -> None:
        self._comments = {
            path: [Comment(path, one) for one in facts.suppressions]
            for path, facts in files.items()
            if facts.suppressions
        }

    def remaining(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """The findings that no comment hides. Only their own place counts, no related one."""
        return [found for found in diagnostics if not self._hidden(found)]

    def comments(self) -> list[Comment]:
        """Every comment, in order."""
        return [one for comments in self._comments.values() for one in comments]

    def _hidden(self, found: Diagnostic) -> bool:
        # Each comment is asked, not only the first: two that hide the same are both in use.
        hidden = [comment.hides(found) for comment in self._comments.get(found.place.path, ())]
        return any(hidden)
