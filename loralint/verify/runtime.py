"""`check --runtime` and `verify --pair`: the cases of a project's pairs, run, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from loralint.contract import NAME
from loralint.diagnostics import Diagnostic, Related, Skipped
from loralint.verify import children
from loralint.verify.case import Case
from loralint.verify.child import Task
from loralint.verify.children import ChildError
from loralint.verify.outcome import TierName, Verification
from loralint.verify.plan import Plan, Side
from loralint.verify.progress import SILENT, Progress

TIERS: tuple[TierName, ...] = ("header", "dry-run", "load")
"""What tells whether an adapter fits a base; a round trip says nothing about sides."""

Run = Callable[[Task, float], Verification]


@dataclass(frozen=True)
class Ran:
    """A side and what came of its case: an outcome, or the reason why there is none."""

    side: Side
    outcome: Verification | None = None
    reason: str = ""

    @property
    def verdict(self) -> str:
        return self.outcome.verdict if self.outcome is not None else "inconclusive"


@dataclass(frozen=True)
class PairOutcome:
    """What the two sides of a pair say; `reason` where nothing could be run at all."""

    plan: Plan
    sides: tuple[Ran, ...] = ()

    @property
    def decided(self) -> bool:
        return bool(self.sides) and all(ran.verdict != "inconclusive" for ran in self.sides)

    @property
    def fitting(self) -> tuple[str, ...]:
        """The sides whose base the adapter certainly fits."""
        return tuple(ran.side.role for ran in self.sides if ran.verdict == "verified")


@dataclass
class Runner:
    """Runs plans, each different case once, in a child process each."""

    timeout: float = children.TIMEOUT
    progress: Progress = SILENT
    tiers: tuple[TierName, ...] = ()
    run: Run = children.run
    _done: dict[str, Verification | str] = field(default_factory=dict)

    def pairs(self, plans: Sequence[Plan]) -> Iterator[PairOutcome]:
        """The outcome of each plan, in order."""
        total = len({_key(side.case) for plan in plans for side in plan.sides if side.case})
        with self.progress.step(f"verifying {total} cases", total):
            for plan in plans:
                yield PairOutcome(plan, tuple(self._side(side) for side in plan.sides))

    def _side(self, side: Side) -> Ran:
        if side.case is None:
            return Ran(side, reason=side.reason)
        key = _key(side.case)
        if key not in self._done:
            with self.progress.step(_label(side.case)):
                self._done[key] = self._outcome(side.case)
            self.progress.advance()
        found = self._done[key]
        return Ran(side, reason=found) if isinstance(found, str) else Ran(side, found)

    def _outcome(self, case: Case) -> Verification | str:
        wanted = self.tiers or self._tiers(case)
        try:
            return self.run(Task(case, wanted, until_decided=not self.tiers), self.timeout)
        except ChildError as error:
            return str(error)

    def _tiers(self, case: Case) -> tuple[TierName, ...]:
        contract: tuple[TierName, ...] = ("contract",)
        return (*TIERS, *contract) if (case.adapter / NAME).is_file() else TIERS


def _key(case: Case) -> str:
    return repr(case)


def _label(case: Case) -> str:
    at = f" at {case.revision}" if case.revision else ""
    return f"{case.name} on {case.base}{at} ({case.quantization})"


def findings(outcomes: Iterable[PairOutcome]) -> list[Diagnostic]:
    """What is wrong, each on the load of the base that the adapter does not fit."""
    found = (one for outcome in outcomes for ran in outcome.sides for one in _of(outcome, ran))
    return sorted(dict.fromkeys(found), key=lambda one: one.sort_key)


def _of(outcome: PairOutcome, ran: Ran) -> Iterator[Diagnostic]:
    if ran.outcome is None:
        return
    others = [one for one in outcome.sides if one is not ran]
    related = tuple(Related(_says(other), other.side.place) for other in others)
    for one in ran.outcome.findings:
        yield msgspec.structs.replace(
            one,
            place=ran.side.place,
            related=related,
            call=ran.side.load.site.text,
            message=f"{one.message} (the adapter is {outcome.plan.adapter})",
        )


def _says(ran: Ran) -> str:
    side = ran.side.role
    if ran.verdict == "verified":
        return f"the adapter fits the base as it is loaded for {side} here"
    if ran.verdict == "failed":
        return f"nor does the adapter fit the base as it is loaded for {side} here"
    return f"whether it fits the base as it is loaded for {side} here could not be decided"


def skipped(outcomes: Iterable[PairOutcome]) -> list[Skipped]:
    """What was not proved, and why."""
    found: list[Skipped] = []
    for outcome in outcomes:
        if outcome.plan.reason:
            place = outcome.plan.pair.infer.place
            found.append(Skipped(place, f"loading {outcome.plan.adapter}", outcome.plan.reason))
        for ran in outcome.sides:
            found += _not_proved(outcome, ran)
    return list(dict.fromkeys(found))


def _not_proved(outcome: PairOutcome, ran: Ran) -> Iterator[Skipped]:
    what = f"whether {outcome.plan.adapter} fits the base of {ran.side.role}"
    for note in ran.side.notes:
        yield Skipped(ran.side.place, f"the load for {ran.side.role} as it is written", note)
    if ran.outcome is None:
        yield Skipped(ran.side.place, what, ran.reason)
        return
    if ran.verdict == "failed":  # what was left out after that could add nothing
        return
    for one in ran.outcome.skipped:
        yield Skipped(ran.side.place, one.what, one.reason)


def in_words(outcome: PairOutcome) -> str:
    """One line for a pair: which side the adapter fits."""
    name, pair = outcome.plan.adapter, outcome.plan.pair
    between = f"{pair.train.place} → {pair.infer.place}"
    if not outcome.sides:
        return f"{between}: not run, {outcome.plan.reason}"
    return f"{between}: {name} {'; '.join(_in_words(ran) for ran in outcome.sides)}"


def _in_words(ran: Ran) -> str:
    base = f"the base of {ran.side.role}{_where(ran)}"
    if ran.outcome is None:
        return f"is undecided on {base}: {ran.reason}"
    if ran.verdict == "verified":
        return f"fits {base}"
    if ran.verdict == "failed":
        codes = ", ".join(dict.fromkeys(one.code for one in ran.outcome.findings))
        return f"does not fit {base} ({codes})"
    reasons = "; ".join(dict.fromkeys(one.reason for one in ran.outcome.skipped))
    return f"is undecided on {base}: {reasons}"


def _where(ran: Ran) -> str:
    case = ran.side.case
    if case is None:
        return ""
    return f", {case.base} at {case.revision or 'its default branch'}"
