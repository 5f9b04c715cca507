"""Between judging and reporting: every flagged call is read again, and intents become edits.

A finding is known by its call in the one form that no formatter changes (`read.call_form`).

What a finding says of a call of Python has to be what LibCST reads there too (`read.flagged`), or
it is no finding. What was read stays in the cache beside the facts of its file: a run in which
nothing new is flagged imports no parser.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import msgspec

from loralint.diagnostics import Diagnostic, Edit, Fix, Skipped
from loralint.engine.gathering import CODE, Gathered
from loralint.facts import CallFact
from loralint.read.call_form import call_form
from loralint.read.flagged import WrittenCall, written_calls
from loralint.read.importing import importing
from loralint.read.rewriting import rewritten
from loralint.source import Place

_MISREAD = "LibCST reads it differently, so nothing is said about it: please report this"


class Confirming:
    """The flagged calls of a linked project, each read once."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._facts: dict[str, dict[Place, CallFact]] = {}
        self._written: dict[Place, WrittenCall] = {}

    def confirmed(self, found: Sequence[Diagnostic]) -> tuple[list[Diagnostic], list[Skipped]]:
        """The findings that hold, with edits in their fixes; the calls that are read otherwise."""
        self._read(place for one in found for place in (*_places(one), *_of_intents(one.fix)))
        kept, misread = [], set()
        for one in found:
            wrong = [place for place in _places(one) if not self._holds(place)]
            misread.update(wrong)
            if not wrong:
                fix = self._with_edits(one.fix) if one.fix is not None else None
                kept.append(msgspec.structs.replace(one, fix=fix, call=self._form(one)))
        return kept, [Skipped(place, "call", _MISREAD) for place in sorted(misread)]

    def fixes(self, fixes: Sequence[Fix]) -> list[Fix]:
        """Fixes with edits; in words only where the code has no place for what they mean."""
        self._read(place for fix in fixes for place in _of_intents(fix))
        return [self._with_edits(fix) for fix in fixes]

    def _with_edits(self, fix: Fix) -> Fix:
        """All that a fix means as edits, or none of it."""
        edits = list(fix.edits)
        for intent in fix.intents:
            path = intent.call.path
            made: tuple[Edit, ...] = ()
            written = self._written.get(intent.call)
            if written is not None and self._holds(intent.call):
                made = rewritten(intent, written, partial(self._importing, path))
            if not made:
                return Fix("display", fix.message)
            edits += made
        return msgspec.structs.replace(fix, edits=tuple(edits), intents=()) if fix.intents else fix

    def _form(self, found: Diagnostic) -> str:
        """The call that a finding is known by, whoever has laid it out."""
        written = self._written.get(found.place)
        if written is not None and written.form and found.call:
            return written.form
        return call_form(found.call)

    def _holds(self, place: Place) -> bool:
        """Whether what stands at a place is no call, or the one that the facts say."""
        fact = self._calls_of(place.path).get(place)
        return fact is None or self._written[place].confirms(fact)

    def _calls_of(self, path: str) -> dict[Place, CallFact]:
        if path not in self._facts:
            facts = self._gathered.project.files.get(path)
            is_code = self._gathered.shelf.tree.files.get(path) in CODE
            calls = facts.calls if facts is not None and is_code else ()
            self._facts[path] = {Place(path, call.span, call.cell): call for call in calls}
        return self._facts[path]

    def _read(self, places: Iterable[Place]) -> None:
        """Read the calls at these places, those that no earlier run has read."""
        wanted: defaultdict[str, dict[Place, None]] = defaultdict(dict)
        for place in places:
            if place not in self._written and place in self._calls_of(place.path):
                wanted[place.path][place] = None
        for path, new in wanted.items():
            self._read_in(path, list(new))

    def _read_in(self, path: str, places: list[Place]) -> None:
        shelf = self._gathered.shelf
        entry = shelf.entries[path]
        known = {Place(path, one.span, one.cell): one for one in _decoded(entry.flagged)}
        missing = [place for place in places if place not in known]
        if missing:
            source = shelf.source(path)
            known.update(zip(missing, written_calls(source, missing), strict=True))
            shelf.entries[path].flagged = msgspec.msgpack.encode(list(known.values()))
        self._written.update((place, known[place]) for place in places)

    def _importing(self, path: str, module: str, name: str) -> Edit | None:
        return importing(self._gathered.shelf.source(path), module, name)


def _decoded(flagged: bytes | None) -> list[WrittenCall]:
    try:
        return msgspec.msgpack.decode(flagged, type=list[WrittenCall]) if flagged else []
    except (msgspec.MsgspecError, UnicodeDecodeError):  # an earlier run left what it should not
        return []


def _places(found: Diagnostic) -> tuple[Place, ...]:
    """What a finding says something about."""
    return (found.place, *(related.place for related in found.related))


def _of_intents(fix: Fix | None) -> Iterator[Place]:
    """The calls that a fix means to change."""
    return (intent.call for intent in fix.intents) if fix is not None else iter(())
