"""What a fix wants of calls → the edits that do it, laid out as the calls are.

An edit is made of what `read.flagged` read; where the call has no place for it, or may mean
several things, there is none, and the fix is words.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loralint.diagnostics import AddKeyword, CollectKeywords, Edit, Intent, RenameKeyword
from loralint.read.flagged import Line, WrittenCall, WrittenKeyword
from loralint.read.importing import WIDTH
from loralint.source import Place, Span

Importing = Callable[[str, str], "Edit | None"]
"""What imports one more name from a module; None where a file has no place for it."""


def rewritten(intent: Intent, call: WrittenCall, imports: Importing) -> tuple[Edit, ...]:
    """The edits that an intent comes to; none where it cannot be carried out."""
    if isinstance(intent, AddKeyword):
        return _added(intent, call)
    if isinstance(intent, RenameKeyword):
        return _renamed(intent, call)
    return _Collection(intent, call).edits(imports)


def _added(intent: AddKeyword, call: WrittenCall) -> tuple[Edit, ...]:
    if call.insert_at is None or call.keyword(intent.name) is not None:
        return ()
    path, (before, after) = intent.call.path, call.margins
    content = f"{before}{intent.name}={intent.code}{after}"
    if intent.note is not None and call.line is not None and call.bare is None:
        note = f"  # {intent.note}" if intent.note else ""
        _, has_comment, comment = call.line.row[call.span.end.column - 1 :].partition("#")
        is_long = len(call.line.row) + len(content) + len(note) > WIDTH
        if (is_long or (note and has_comment)) and not _OF_THE_ROW.match(comment):
            place = Place(path, call.line.inside, call.cell)
            return (Edit(place, _a_row_each(call.line, f"{intent.name}={intent.code},{note}")),)
    if call.bare is None:
        return (Edit(Place(path, call.insert_at, call.cell), content),)
    # A generator that is the only argument may go without parentheses, and then no longer.
    start, end = call.bare.start, call.bare.end
    return (
        Edit(Place(path, Span(end, end), call.cell), f"){content}"),
        Edit(Place(path, Span(start, start), call.cell), "("),
    )


_OF_THE_ROW = re.compile(r"\s*(?:type:|noqa|pyright:|pylint:|mypy:|loralint:|nosec|fmt:|pragma)")
"""Comments that speak to tools about their row: that row stays as it is."""


def _a_row_each(line: Line, last: str) -> str:
    """Arguments as black and ruff leave those of a long call, and the row of one more."""
    margin = line.row[: len(line.row) - len(line.row.lstrip())]
    step = "\t" if "\t" in margin else "    "
    rows = (*(f"{each}," for each in line.arguments), last)
    return "".join(f"\n{margin}{step}{row}" for row in rows) + f"\n{margin}"


def _renamed(intent: RenameKeyword, call: WrittenCall) -> tuple[Edit, ...]:
    found = call.keyword(intent.name)
    if found is None or call.keyword(intent.to) is not None:
        return ()
    start = found.span.start
    span = Span.of(start.row, start.column, start.row, start.column + len(intent.name))
    return (Edit(Place(intent.call.path, span, call.cell), intent.to),)


_DOES = re.compile(r"\(|:=|\bawait\b")
"""What must not be evaluated twice."""

_CALL = re.compile(r"[A-Za-z_][\w.]*(?:\([^()\n]*\)|\[[^\[\]\n]*\])?")
_LONGEST = 100
_OFF = ("False", "None")


@dataclass(frozen=True)
class _Collection:
    """Keywords of a call → an object in the place of the first switch that may be on.

    An object is made where a switch is on, and none where all are off: what may be off needs a
    condition around it. (A `BitsAndBytesConfig` in which nothing is on quantises to 4 bits.)
    """

    intent: CollectKeywords
    call: WrittenCall

    def edits(self, imports: Importing) -> tuple[Edit, ...]:
        """All edits, the import of the class among them where it needs one."""
        moved = self._moved
        certain = set(moved) == {name for name in self.intent.given if name in self._words}
        if not moved or not certain or not all(one.code for one in moved.values()):
            return ()
        if not self._on:
            return self._removals() if moved.keys() <= set(self.intent.switches) else ()
        if not self._is_clear():
            return ()
        imported = self._import(imports)
        anchor = min(self._on, key=lambda one: one.span)
        gone = self._removals(anchor)
        if imported is None or (len(moved) > 1 and not gone):
            return ()
        callee = self.intent.callee or self.intent.name
        content = f"{self.intent.keyword}={self._object(anchor, callee)}{self._condition()}"
        return (*imported, Edit(self._place(anchor.span), content), *gone)

    @property
    def _words(self) -> frozenset[str]:
        return frozenset((*self.intent.switches, *self.intent.options))

    @property
    def _moved(self) -> dict[str, WrittenKeyword]:
        return {one.name: one for one in self.call.keywords if one.name in self._words}

    @property
    def _on(self) -> list[WrittenKeyword]:
        """The switches that are, or may be, on."""
        found = (self._moved.get(name) for name in self.intent.switches)
        return [one for one in found if one is not None and one.code not in _OFF]

    def _is_clear(self) -> bool:
        """Whether there is one thing that the keywords can mean."""
        codes = [one.code for one in self._on]
        if self.intent.keyword in self.intent.given or codes.count("True") == 2:
            return False
        return len(codes) == 1 or not any(_DOES.search(code) for code in codes)

    def _removals(self, anchor: WrittenKeyword | None = None) -> tuple[Edit, ...]:
        """What takes all other keywords away; nothing where one of them has to stay."""
        rest = [one for one in self._moved.values() if one is not anchor]
        gone = [one.removal for one in rest if one.removal is not None]
        apart = all(a.end <= b.start for a, b in itertools.pairwise(sorted(gone)))
        if len(gone) < len(rest) or not apart:
            return ()
        return tuple(Edit(self._place(span), "") for span in gone)

    def _import(self, imports: Importing) -> tuple[Edit, ...] | None:
        """The import of the class, beside others from its module; None without a place."""
        if self.intent.callee:
            return ()
        found = imports(self.intent.module, self.intent.name)
        return (found,) if found is not None else None

    def _place(self, span: Span) -> Place:
        return Place(self.intent.call.path, span, self.call.cell)

    def _condition(self) -> str:
        codes = [one.code for one in self._on]
        if "True" in codes:
            return ""
        plain = " or ".join(code if _CALL.fullmatch(code) else f"({code})" for code in codes)
        return f" if {plain} else None"

    def _object(self, anchor: WrittenKeyword, callee: str) -> str:
        """The call of the class: on rows of its own where the keyword has one, and it is long."""
        given = list(self._given())
        line = f"{callee}({', '.join(given)})"
        start = anchor.span.start.column
        alone = self.call.margins[0].endswith("\n" + " " * (start - 1))
        is_short = start + len(line) + len(self._condition()) <= _LONGEST - 20
        if not alone or len(given) == 1 or is_short:
            return line
        margin = " " * (start - 1)
        rows = "".join(f"{margin}    {each},\n" for each in given)
        return f"{callee}(\n{rows}{margin})"

    def _given(self) -> Iterator[str]:
        """What the class is given."""
        alone = len(self._on) == 1
        for one in self._on:
            yield f"{one.name}={'True' if alone else one.code}"
        for name, one in self._moved.items():
            if name in self.intent.options:
                yield f"{name}={one.code}"
