"""What a rule says: a diagnostic at one place, with related places and a fix."""

from __future__ import annotations

from typing import Literal, TypeAlias

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


class AddKeyword(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Give the call at `call` one more keyword argument, last: `name=code`.

    With a `note` a call whose row would get too long is laid out as a formatter would, one argument
    a row, and the note is the comment of the new one ("" where it gets none).
    """

    call: Place
    name: str
    code: str
    note: str | None = None


class RenameKeyword(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Call a keyword argument of the call at `call` by another name."""

    call: Place
    name: str
    to: str


class CollectKeywords(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Put keyword arguments of the call at `call` into an object that one keyword takes instead.

    `load_in_4bit=True` becomes `keyword=callee(load_in_4bit=True)`. `switches` are the keywords
    without which nothing is made, `options` those that move with them; `given` are all keywords
    that reach the callee, also out of a dict that is handed on. `callee` is what the file calls the
    class; where it is "", `name` is imported from `module`.
    """

    call: Place
    keyword: str
    switches: tuple[str, ...]
    options: tuple[str, ...]
    given: tuple[str, ...]
    module: str
    name: str
    callee: str = ""


Intent: TypeAlias = AddKeyword | RenameKeyword | CollectKeywords
"""What a fix wants of a call of Python: `read.rewriting` makes edits of it."""


class Fix(msgspec.Struct, frozen=True, gc=False):
    """How to mend a finding; `display` fixes are shown and never applied.

    Rules say `edits` where something is written that has a place of its own (a literal, a key, a
    flag, a comment), and `intents` for calls; what is reported has edits alone. `changes` names the
    keywords, keys and flags that they add, change or take away: nothing else of what the files say
    may differ afterwards (`fix.checking`).
    """

    applicability: Applicability
    message: str
    edits: tuple[Edit, ...] = ()
    changes: tuple[str, ...] = ()
    intents: tuple[Intent, ...] = ()


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One finding.

    `subject` (a repo id, mostly) and `call` (the call in the one form that no formatter changes)
    identify the finding in a baseline, where rows would not last. `why` is what a comparison of two
    sides rests on (`project.Why`), "" of all others.
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
    why: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two findings the same, however the file around them grows."""
        return self.code, self.place.path, self.subject, " ".join(self.call.split())

    @property
    def sort_key(self) -> tuple[str, int, int, int, str, str]:
        """The one total order of findings."""
        start = self.place.span.start
        return (self.place.path, self.place.cell or 0, start.row, start.column,
                self.code, self.message)  # fmt: skip


LeftOutBy = Literal["settings", "environment", "gitignore", "link"]
"""Why nobody looked: the project's own settings, a Python environment, .gitignore, a link that
leads out of the project."""


class LeftOut(msgspec.Struct, frozen=True, gc=False):
    """A file, or a folder (with a slash at the end), that was not looked at."""

    path: str
    by: LeftOutBy


class Skipped(msgspec.Struct, frozen=True, gc=False):
    """Something that was not judged, and why."""

    place: Place
    what: str
    reason: str
