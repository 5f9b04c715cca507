"""`loralint verify --pair TRAIN INFER`: the adapter between two files, on both their bases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from loralint import engine
from loralint.config import ConfigError
from loralint.config.load import load
from loralint.diagnostics import Skipped
from loralint.engine.request import Request
from loralint.project import Project
from loralint.source import START, Place
from loralint.verify.case import Asked
from loralint.verify.pairs import Plan, Surroundings, between, plans
from loralint.verify.result import Progress, TierName, UnusableInputError, Verification
from loralint.verify.runtime import PairOutcome, Ran, Runner, found_by, of_side


def verify_pair(
    train: Path,
    infer: Path,
    asked: Asked,
    tiers: tuple[TierName, ...],
    progress: Progress,
    timeout: float,
) -> tuple[Verification, ...]:
    """The outcomes for the pairs of two files: for each, the training side's, then the other's.

    UnusableInputError where the two files share no adapter that loralint can see.
    """
    root, project = _read(train, infer)
    pairs = between(project, _relative(train, root), _relative(infer, root))
    if not pairs:
        raise UnusableInputError(
            f"{train} and {infer}: loralint sees no adapter that the first trains and the second"
            " loads; `loralint pairs` shows what it sees, [[tool.loralint.pair]] joins two files"
        )
    around = Surroundings(root, asked.trust_remote_code, asked.offline, asked.device)
    runner = Runner(timeout, progress=progress, tiers=tiers)
    planned = plans(project, pairs, around)
    lost = [_unplanned(plan) for plan in planned if plan.reason]
    ran = [one for outcome in runner.pairs(planned) for one in _sides(outcome)]
    return tuple(dict.fromkeys([*lost, *ran]))


def _sides(outcome: PairOutcome) -> Iterator[Verification]:
    """What came of either side; what only both together show stands with the inference's."""
    together = [one for one in found_by(outcome) if one.code == "LOR510"]
    for ran in outcome.sides:
        shown = _shown(ran)
        found = tuple(of_side(outcome, ran))
        if ran.side.role == "inference" and together and not found:
            found = tuple(together)
        verdict = "failed" if any(one.severity == "error" for one in found) else shown.verdict
        yield msgspec.structs.replace(shown, findings=found, verdict=verdict)


def _read(train: Path, infer: Path) -> tuple[Path, Project]:
    files = [train.resolve(), infer.resolve()]
    folder = Path(os.path.commonpath([file.parent for file in files]))
    try:
        settings = load(folder)
        request = Request(str(settings.root), (str(settings.root), *map(str, files)),
                          settings.config, cached=False)  # fmt: skip
        return settings.root, engine.gather(request).project
    except ConfigError as error:
        raise UnusableInputError(str(error)) from error


def _relative(file: Path, root: Path) -> str:
    return os.path.relpath(file.resolve(), root).replace(os.sep, "/")


def _unplanned(plan: Plan) -> Verification:
    where = plan.pair.infer.place
    skipped = (Skipped(where, f"loading {plan.adapter}", plan.reason),)
    return Verification("inconclusive", plan.adapter, None, None, (), (), skipped)


def _shown(ran: Ran) -> Verification:
    """A side's outcome, or one that says why there is none."""
    if ran.outcome is not None:
        return ran.outcome
    case = ran.side.case
    place = ran.side.place if case is None else Place(case.file("adapter_config.json"), START)
    skipped = (Skipped(place, f"the base of {ran.side.role}", ran.reason),)
    base, revision = (case.base, case.revision) if case else (None, None)
    name = case.name if case else str(ran.side.place)
    return Verification("inconclusive", name, base, revision, (), (), skipped)
