"""`check --runtime` and `verify --pair`: the cases of a project's pairs, run, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from loralint.contract import NAME
from loralint.diagnostics import Diagnostic, Fix, Related, Skipped
from loralint.verify import child, files
from loralint.verify.case import Case
from loralint.verify.child import ChildError, Task
from loralint.verify.codes import LOR510, finding
from loralint.verify.folder import CONFIG
from loralint.verify.pairs import Plan, Side
from loralint.verify.result import SILENT, Progress, TierName, Verification

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

    timeout: float = child.TIMEOUT
    progress: Progress = SILENT
    tiers: tuple[TierName, ...] = ()
    run: Run = child.run
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
    return f"{case.name} on {case.base}{at} ({case.precision})"


# --- two bases ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bases:
    """The bases of the two sides, by their files: `differs` is the first file that is another.

    `same` is None where they could not be compared: one of them is not on this machine.
    """

    same: bool | None = None
    differs: str = ""


def bases(outcome: PairOutcome) -> Bases:
    """Hold the files of the two bases against each other: names and shapes may be equal."""
    cases = [ran.side.case for ran in outcome.sides]
    if len(cases) != 2 or None in cases:
        return Bases()
    folders = [_folder(case) for case in cases if case is not None]
    if None in folders or not all(files.weight_files(one) for one in folders if one):
        return Bases()
    one, other = folders
    assert one is not None
    assert other is not None
    differs = files.first_difference(one, other)
    return Bases(differs is None, differs or "")


def _folder(case: Case) -> Path | None:
    return files.locate(case.base or "", case.revision).folder


def base_in_words(case: Case) -> str:
    """`acme/phi at v1 (PhiForCausalLM)`: id, revision and class."""
    folder = _folder(case)
    named = files.class_name(folder) if folder is not None else ""
    at = f"{case.base} at {case.revision or 'its default branch'}"
    return f"{at} ({named})" if named else at


def _two_models(outcome: PairOutcome) -> Iterator[Diagnostic]:
    """LOR510 where the adapter fits both bases, and they are two models all the same."""
    if len(outcome.fitting) != 2 or bases(outcome).same is not False:
        return
    train, infer = outcome.sides
    assert train.side.case is not None
    assert infer.side.case is not None
    found = finding(
        LOR510,
        f"the adapter fits both bases, but they are two models: {bases(outcome).differs} differs"
        f" between {base_in_words(train.side.case)}, on which it was trained, and"
        f" {base_in_words(infer.side.case)}",
        infer.side.case.file(CONFIG),
        help=_as_trained(train, infer),
        subject=infer.side.case.base or "",
    )
    yield _placed(outcome, infer, found)


def _as_trained(train: Ran, infer: Ran) -> str:
    """The edit that has the inference side load what the training side loads."""
    wanted, given, place = train.side.case, infer.side.case, infer.side.place
    assert wanted is not None
    assert given is not None
    if wanted.base != given.base:
        return f'load "{wanted.base}" in {place}, as the training does'
    if wanted.revision is None:
        return f"drop the revision in {place}, as the training names none; or pin both"
    return f'write revision="{wanted.revision}" in {place}'


# --- what it comes to -----------------------------------------------------------------------------


def findings(outcomes: Iterable[PairOutcome]) -> list[Diagnostic]:
    """What is wrong, each on the load of the base that the adapter does not fit."""
    found = [one for outcome in outcomes for one in found_by(outcome)]
    return sorted(dict.fromkeys(found), key=lambda one: one.sort_key)


def found_by(outcome: PairOutcome) -> list[Diagnostic]:
    """What is wrong with one pair."""
    each = [one for ran in outcome.sides for one in of_side(outcome, ran)]
    return [*each, *_two_models(outcome)]


def of_side(outcome: PairOutcome, ran: Ran) -> Iterator[Diagnostic]:
    """What the load of one side has found, on that load; the edit, where the other side fits."""
    if ran.outcome is None:
        return
    for one in ran.outcome.findings:
        placed = _placed(outcome, ran, one)
        if ran.side.role == "inference" and "training" in outcome.fitting and one.code in BASE:
            advice = _as_trained(outcome.sides[0], ran)
            placed = msgspec.structs.replace(placed, fix=Fix("display", advice))
        yield placed


BASE = frozenset({"LOR501", "LOR502", "LOR503", "LOR510"})
"""What another base is the cause of, where the other side's fits."""


def _placed(outcome: PairOutcome, ran: Ran, one: Diagnostic) -> Diagnostic:
    others = [other for other in outcome.sides if other is not ran]
    related = tuple(Related(_says(other), other.side.place) for other in others)
    return msgspec.structs.replace(
        one,
        place=ran.side.place,
        related=related,
        call=ran.side.load.site.text,
        message=f"{one.message} (the adapter is {outcome.plan.adapter})",
    )


def _says(ran: Ran) -> str:
    side = ran.side.role
    named = f", {base_in_words(ran.side.case)}" if ran.side.case is not None else ""
    if ran.verdict == "verified":
        return f"the adapter fits the base as it is loaded for {side} here{named}"
    if ran.verdict == "failed":
        return f"nor does the adapter fit the base as it is loaded for {side} here{named}"
    return f"whether it fits the base as it is loaded for {side} here{named} could not be decided"


PROVED = ("LOR201", "LOR202", "LOR206", "LOR207", "LOR208")
"""Rules that say of two loads that they are two bases: what loading shows is their proof."""

CLEARED = ("LOR201",)
"""Rules that equal files under two names prove wrong."""


def joined_with(
    diagnostics: Iterable[Diagnostic], outcomes: Sequence[PairOutcome]
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """The findings of reading with what loading proves of them, and those of loading left over.

    One mistake is one finding: a rule that has found the two loads of a pair carries the proof.
    """
    read = list(diagnostics)
    left: list[Diagnostic] = []
    for outcome in outcomes:
        own = [one for one in read if one.code in PROVED and _is_about(one, outcome)]
        found = found_by(outcome)
        if not found and own and bases(outcome).same and len(outcome.fitting) == 2:
            cleared = [one for one in own if one.code in CLEARED]
            read = [one for one in read if one not in cleared]
        elif found and own:
            first = own[0]
            proof = _proof(found)
            proved = msgspec.structs.replace(first, message=f"{first.message}; {proof}")
            read = [proved if one is first else one for one in read]
            left += [one for one in found if one.code not in BASE]
        else:
            left += found
    return read, sorted(dict.fromkeys(left), key=lambda one: one.sort_key)


def _proof(found: Sequence[Diagnostic]) -> str:
    codes = ", ".join(dict.fromkeys(one.code for one in found))
    return f"proved by loading ({codes}): {found[0].message}"


def _is_about(found: Diagnostic, outcome: PairOutcome) -> bool:
    """Whether a finding is about the two loads of a pair."""
    places = {found.place, *(related.place for related in found.related)}
    return {outcome.plan.pair.train.place, outcome.plan.pair.infer.place} <= places


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
    said = "; ".join(_in_words(ran) for ran in outcome.sides)
    return f"{between}: {name} {said}{_compared(outcome)}"


def _compared(outcome: PairOutcome) -> str:
    """What the files of the two bases say beside names and shapes."""
    if len(outcome.fitting) != 2:
        return ""
    both = bases(outcome)
    if both.same is False:
        return f"; but they are two models: {both.differs} differs"
    return "; they are the same files under two names" if both.same else ""


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
    return f", {base_in_words(case)}"
