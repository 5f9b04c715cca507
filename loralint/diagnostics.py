"""What a rule says: a diagnostic at one place, with related places and a fix."""

from __future__ import annotations

from typing import Literal

import msgspec

from loralint.source import Place

Severity = Literal["error", "warning", "info"]
Applicability = Literal["safe", "unsafe", "display"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""From the gravest to the lightest."""


class Related(msgspec.Struct, frozen=True, gc=False):
    """A second place that a finding names, such as the training side of a pair."""

    message: str
    place: Place


class Edit(msgspec.Struct, frozen=True, gc=False):
    """Replace the text at `place` by `content`."""

    place: Place
    content: str


class Fix(msgspec.Struct, frozen=True, gc=False):
    """How to mend a finding; `display` fixes are shown and never applied.

    `changes` names the keywords, keys and flags that the edits add, change or take away: nothing
    else of what the files say may differ afterwards (`fixer.meaning`).
    """

    applicability: Applicability
    message: str
    edits: tuple[Edit, ...] = ()
    changes: tuple[str, ...] = ()


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One finding.

    `subject` (a repo id, mostly) and `call` (the call's text, white space folded) identify the
    finding in a baseline, where rows would not last.
    """

    code: str
    name: str
    severity: Severity
    message: str
    place: Place
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    subject: str = ""
    call: str = ""

    @property
    def sort_key(self) -> tuple[str, int, int, int, str, str]:
        """The one total order of findings."""
        start = self.place.span.start
        return (self.place.path, self.place.cell or 0, start.row, start.column,
                self.code, self.message)  # fmt: skip


class Skipped(msgspec.Struct, frozen=True, gc=False):
    """Something that was not judged, and why."""

    place: Place
    what: str
    reason: str
