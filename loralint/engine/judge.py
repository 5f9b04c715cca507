"""The linked project → findings: rules, settings, comments, baseline, one order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from loralint.config.selectors import covers, severity
from loralint.diagnostics import Diagnostic
from loralint.engine import baseline
from loralint.engine.confirming import Confirming
from loralint.engine.gathering import Gathered
from loralint.engine.request import Outcome, Request
from loralint.engine.suppression import EXEMPT, Judge, Suppressions
from loralint.read.cells import lines_of
from loralint.rules import RULES
from loralint.rules.base import Rule
from loralint.source import Place
from loralint.values.paths import is_test


def judge(request: Request, gathered: Gathered, rules: tuple[Rule, ...]) -> Outcome:
    """What the rules find, and what of it remains to be reported."""
    run = _Judgement(request, gathered, rules)
    judged = [one for one in run.found() if run.is_asked_for(one)]
    found, misread = Confirming(gathered).confirmed(judged)
    remaining = run.remaining(found) if request.honour_ignores else found
    exacter = run.told_exacter(found)
    remaining = [one for one in remaining if (one.code, one.place) not in exacter]
    ordered = sorted(run.adjusted(remaining), key=_order)
    counted = sum((one.code, one.place) not in exacter for one in found)
    suppressed = counted - sum(one.code != EXEMPT for one in remaining)
    fresh = _fresh(request, ordered)
    return Outcome(
        diagnostics=tuple(fresh),
        skipped=tuple(
            one for one in (*gathered.skipped, *misread) if request.reports(one.place.path)
        ),
        suppressed=suppressed,
        baselined=len(ordered) - len(fresh),
        files=gathered.files,
        unused_settings=gathered.unused_settings,
        left_out=gathered.left_out,
        ignored=len(run.silenced),
    )


_NOTES_IN_TESTS = frozenset({"LOR101", "LOR102", "LOR106"})
"""A test that loads whatever is there today fails loudly: that is no more than a note."""


@dataclass(frozen=True)
class _Judgement:
    request: Request
    gathered: Gathered
    rules: tuple[Rule, ...]
    silenced: list[Diagnostic] = field(default_factory=list)
    split: dict[tuple[str, int | None], Sequence[str]] = field(default_factory=dict)

    def found(self) -> Iterator[Diagnostic]:
        """What the rules find, without what `per-file-ignores` leaves out."""
        for rule in self.rules:
            for found in rule.run(self.gathered.project):
                if rule in self.rules_for(found.place.path):
                    yield found
                elif self.is_asked_for(found):
                    self.silenced.append(found)

    def told_exacter(self, found: list[Diagnostic]) -> frozenset[tuple[str, Place]]:
        """Rules and places of which another rule says more: its finding stands instead.

        A comment may name either of the two.
        """
        instead = {rule.code: rule.instead_of for rule in self.rules if rule.instead_of}
        return frozenset((code, one.place) for one in found for code in instead.get(one.code, ()))

    def is_asked_for(self, found: Diagnostic) -> bool:
        """Whether a finding touches a file that was asked for."""
        places = (found.place, *(related.place for related in found.related))
        return any(self.request.reports(place.path) for place in places)

    def remaining(self, found: list[Diagnostic]) -> list[Diagnostic]:
        """The findings that no comment hides, and LOR002 for the comments that hide none."""
        suppressions = Suppressions(self.gathered.project.files)
        remaining = suppressions.remaining(found)
        return remaining + suppressions.remaining(self._unused(suppressions))

    def adjusted(self, diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        """The findings at the severity that the settings give them."""
        for found in diagnostics:
            own = severity(self.request.config, found.code, found.name)
            if own is None and found.code in _NOTES_IN_TESTS and is_test(found.place.path):
                own = "info"
            yield found if own is None else msgspec.structs.replace(found, severity=own)

    def rules_for(self, path: str) -> Sequence[Rule]:
        """The rules that `per-file-ignores` leaves for a file."""
        ignored = self.request.config.ignored_in(path)
        if not ignored:
            return self.rules
        return [
            rule
            for rule in self.rules
            if not any(covers(one, rule.code, rule.name) for one in ignored)
        ]

    def _unused(self, suppressions: Suppressions) -> Iterator[Diagnostic]:
        rule = next((rule for rule in self.rules if rule.code == EXEMPT), None)
        if rule is None:
            return
        comments = [
            one
            for one in suppressions.comments()
            if self.request.reports(one.path) and rule in self.rules_for(one.path)
        ]
        yield from Judge(rule, RULES, self.rules_for, self._lines).unused(comments)

    def _lines(self, path: str, cell: int | None) -> Sequence[str]:
        if (path, cell) not in self.split:  # once, however many comments a file has
            self.split[path, cell] = lines_of(self.gathered.shelf.text(path), cell)
        return self.split[path, cell]


def _order(found: Diagnostic) -> tuple[object, ...]:
    """Total: what `sort_key` leaves open is decided by everything else."""
    return (*found.sort_key, repr(found))


def _fresh(request: Request, diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    path = request.config.baseline
    return diagnostics if path is None else baseline.unaccepted(diagnostics, baseline.read(path))
