"""`pin` in rounds: plan, write in memory, plan again until nothing is left to pin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from loralint.cli.hub_access import sources_of
from loralint.cli.pin_comments import Noted, kept
from loralint.diagnostics import AddKeyword, Edit, Fix
from loralint.engine.confirming import Confirming
from loralint.engine.gathering import Gathered, gather
from loralint.engine.request import Request
from loralint.fix.applying import apply
from loralint.hub.candidates import Left
from loralint.hub.noting import with_note
from loralint.hub.pin_fixes import fixes_of
from loralint.hub.pins import NO_PLACE, Pin, Plan, Planner
from loralint.hub.wants import comment
from loralint.source import Place, Source

ROUNDS = 10
"""Pins wait for one another only where they share a place: two rounds are the rule."""


@dataclass
class Pinned:
    """What was pinned and what was not; `before` and `after` hold the changed files by path.

    `further` are the edits that a pin makes elsewhere than in its load, by its number in `pins`:
    at a constant, at an option's default, where an adapter is to record the revision.
    """

    files: int = 0
    pins: list[Pin] = field(default_factory=list)
    further: dict[int, tuple[Edit, ...]] = field(default_factory=dict)
    left: tuple[Left, ...] = ()
    before: dict[str, Source] = field(default_factory=dict)
    after: dict[str, Source] = field(default_factory=dict)

    @property
    def changed(self) -> list[str]:
        """The files that are no longer what they were."""
        return sorted(path for path, new in self.after.items() if new != self.before[path])


def pin(request: Request, found: Gathered, planner: Planner, date: str) -> Pinned:
    """Pin a project in memory; `date` goes into the comments."""
    run = _Rounds(request, found, planner, date)
    for _ in range(ROUNDS):
        if not run.round():
            break
    return run.made


class _Rounds:
    """The rounds of one run."""

    def __init__(self, request: Request, found: Gathered, planner: Planner, date: str) -> None:
        self.request = request
        self.found = found
        self.planner = planner
        self.date = date
        self.made = Pinned(found.files)
        self._refused: dict[object, str] = {}

    def round(self) -> bool:
        """Pin what can be pinned at once; whether something was."""
        plan = self.planner.plan(self.found.project, sources_of(self.found))
        fixes = self._fixes(plan.pins)
        applied = apply([fix for _, fix in fixes], self._source, self.request.jobs)
        for index, reason in applied.dropped.items():
            self._refused[_identity(fixes[index][0])] = reason
        done = [fixes[index][0] for index in applied.done]
        for index in applied.done:
            self.made.further[len(self.made.pins)] = _further(*fixes[index])
            self.made.pins.append(fixes[index][0])
        self._keep(applied.contents)
        self.made.left = self._left(plan)
        if done:
            request = replace(self.request, overlay=dict(self.made.after))
            self.found = gather(request, self.found.shelf.remembered())
        return bool(done)

    def _left(self, plan: Plan) -> tuple[Left, ...]:
        """What is not pinned, for whatever reason."""
        refused = [
            Left(one.load, self._refused[_identity(one)], grave=True)
            for one in plan.pins
            if _identity(one) in self._refused
        ]
        return (*plan.left, *refused)

    def _fixes(self, pins: Sequence[Pin]) -> list[tuple[Pin, Fix]]:
        """The fixes of pins, with the comment where one can stand beside the commit."""
        meant = fixes_of(self.found.project, pins)
        confirming = Confirming(self.found)
        plain = confirming.fixes([fix for _, fix in meant])
        laid_out = confirming.fixes([self._laid_out(one, fix) for one, fix in meant])
        made: list[tuple[Pin, Fix, Fix]] = []
        for (one, _), fix, other in zip(meant, plain, laid_out, strict=True):
            if fix.edits:
                made.append((one, fix, other))
            else:
                self._refused[_identity(one)] = NO_PLACE
        best = kept([self._noted(*each) for each in made], self._source)
        # Where a call cannot be laid out anew, the comment goes to the end of its row.
        rest = [
            self._noted(one, fix, fix) if found is fix else Noted(found, found.edits)
            for (one, fix, _), found in zip(made, best, strict=True)
        ]
        return [(one, fix) for (one, _, _), fix in zip(made, kept(rest, self._source), strict=True)]

    def _laid_out(self, one: Pin, fix: Fix) -> Fix:
        """A fix that breaks the rows that it makes too long, with the comment of the pin."""
        own = one.load.place
        note = comment(one.ref, self.date) if one.ref else ""
        intents = tuple(
            intent
            if not isinstance(intent, AddKeyword) or _is_beside(intent.call, own)
            else msgspec.structs.replace(intent, note=note if intent.call == own else "")
            for intent in fix.intents
        )
        return msgspec.structs.replace(fix, intents=intents)

    def _noted(self, one: Pin, plain: Fix, fix: Fix) -> Noted:
        edit, *others = fix.edits or plain.edits
        if not one.ref or edit != plain.edits[0]:
            return Noted(plain, (edit, *others))
        source = self._source(edit.place.path)
        edits = with_note(source, edit, one.current, comment(one.ref, self.date))
        return Noted(plain, (*edits, *others))

    def _source(self, path: str) -> Source:
        return self.made.after[path] if path in self.made.after else self.found.shelf.source(path)

    def _keep(self, contents: Mapping[str, bytes]) -> None:
        for path, content in contents.items():
            source = self._source(path)
            self.made.before.setdefault(path, source)
            self.made.after[path] = msgspec.structs.replace(source, content=content)


def _is_beside(call: Place, own: Place) -> bool:
    """Whether another call shares a row with the load: one of the two has to stay as it is."""
    if call == own or (call.path, call.cell) != (own.path, own.cell):
        return False
    one, other = call.span, own.span
    return one.start.row <= other.end.row and other.start.row <= one.end.row


def _further(one: Pin, fix: Fix) -> tuple[Edit, ...]:
    """The edits outside a pin's load that write its commit."""
    at = one.load.place
    return tuple(
        edit
        for edit in fix.edits
        if one.commit in edit.content
        and not (
            (edit.place.path, edit.place.cell) == (at.path, at.cell)
            and at.span.start <= edit.place.span.start <= at.span.end
        )
    )


def _identity(one: Pin) -> object:
    """What stays of a pin when the rows above it change."""
    return one.load.site.path, one.load.site.cell, one.load.site.text, one.commit
