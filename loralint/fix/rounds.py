"""Fixes in rounds: judge, mend, judge again, until there is nothing left to mend.

Everything happens in memory. What a round has changed stands for the files in the next one, so
that a file is written once, when all is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from loralint import engine
from loralint.diagnostics import Applicability, Diagnostic, Fix
from loralint.engine.gathering import Gathered
from loralint.engine.outcome import Outcome, Request
from loralint.fix.applying import apply
from loralint.source import Source

ROUNDS = 10
"""Fixes that still find something to change after so many rounds undo one another."""

SAFE: frozenset[Applicability] = frozenset({"safe"})
ALL: frozenset[Applicability] = frozenset({"safe", "unsafe"})


@dataclass(frozen=True, slots=True)
class Dropped:
    """A fix that was not made because it would have done harm."""

    found: Diagnostic
    reason: str


@dataclass(frozen=True)
class Mended:
    """What is left to report, how many findings were mended, and the files as they should be.

    `before` and `after` hold the changed files by path. `settled` is False where the last round
    still had something to mend.
    """

    outcome: Outcome
    fixed: int = 0
    before: Mapping[str, Source] = field(default_factory=dict)
    after: Mapping[str, Source] = field(default_factory=dict)
    dropped: tuple[Dropped, ...] = ()
    settled: bool = True


def mend(request: Request, wanted: frozenset[Applicability]) -> Mended:
    """Make every wanted fix of the files that were asked for; nothing is written."""
    outcome = engine.check(request)
    if not any(_applicable(request, outcome, wanted)):
        return Mended(outcome)
    return _Rounds(request, wanted).run()


def _applicable(
    request: Request, outcome: Outcome, wanted: frozenset[Applicability]
) -> Iterator[tuple[Diagnostic, Fix]]:
    """The findings with fixes that may be made: none reaches beyond what was asked for."""
    for found in outcome.diagnostics:
        fix = found.fix
        if fix is None or not fix.edits or fix.applicability not in wanted:
            continue
        if all(_reaches(request, edit.place.path) for edit in fix.edits):
            yield found, fix


def _reaches(request: Request, path: str) -> bool:
    return path == request.stdin.path if request.stdin is not None else request.reports(path)


class _Rounds:
    """The rounds of one run."""

    def __init__(self, request: Request, wanted: frozenset[Applicability]) -> None:
        self.request = request
        self.wanted = wanted
        self.gathered: Gathered | None = None
        self.before: dict[str, Source] = {}
        self.after: dict[str, Source] = {}
        self.dropped: dict[object, Dropped] = {}
        self.fixed = 0

    def run(self) -> Mended:
        for _ in range(ROUNDS):
            outcome = self._judged()
            if not self._round(outcome):
                return self._mended(outcome, settled=True)
        return self._mended(self._judged(), settled=False)

    def _judged(self) -> Outcome:
        request = replace(self.request, overlay=dict(self.after))
        outcome, self.gathered = engine.recheck(request, self.gathered)
        return outcome

    def _round(self, outcome: Outcome) -> bool:
        """Make what can be made at once; False where that is nothing."""
        candidates = [
            (found, fix)
            for found, fix in _applicable(self.request, outcome, self.wanted)
            if _identity(found) not in self.dropped
        ]
        applied = apply([fix for _, fix in candidates], self._source, self.request.jobs)
        self._note([found for found, _ in candidates], applied.dropped)
        self.fixed += len(applied.done)
        for path, content in applied.contents.items():
            source = self._source(path)
            self.before.setdefault(path, source)
            self.after[path] = msgspec.structs.replace(source, content=content)
        return bool(applied.contents)

    def _note(self, candidates: Sequence[Diagnostic], dropped: Mapping[int, str]) -> None:
        for index, reason in dropped.items():
            found = candidates[index]
            self.dropped[_identity(found)] = Dropped(found, reason)

    def _source(self, path: str) -> Source:
        assert self.gathered is not None
        return self.after[path] if path in self.after else self.gathered.shelf.source(path)

    def _mended(self, outcome: Outcome, *, settled: bool) -> Mended:
        changed = {path for path, one in self.after.items() if one != self.before[path]}
        return Mended(
            outcome,
            self.fixed,
            {path: self.before[path] for path in sorted(changed)},
            {path: self.after[path] for path in sorted(changed)},
            tuple(self.dropped.values()),
            settled,
        )


def _identity(found: Diagnostic) -> object:
    """What stays of a finding when the rows above it change."""
    return found.code, found.place.path, found.place.cell, found.call, found.subject
