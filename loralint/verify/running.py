"""Run the tiers of a case in order, the cheapest first, and sum up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify.bench import Bench
from loralint.verify.case import Case
from loralint.verify.folder import CONFIG
from loralint.verify.outcome import (
    TIERS,
    Checked,
    TierName,
    TierResult,
    Verification,
    overall,
)
from loralint.verify.progress import SILENT, Progress


def verify(
    case: Case,
    tiers: Sequence[TierName] = (),
    progress: Progress = SILENT,
    *,
    until_decided: bool = False,
) -> Verification:
    """Verify a case; UnusableInputError where the folder is no adapter or is damaged.

    Without `tiers` every tier runs until one fails: the cheapest that decides is enough. With
    `tiers`, those run and no others, all of them unless they are to run `until_decided`.
    """
    bench = Bench(case)
    results: list[TierResult] = []
    findings: list[Diagnostic] = []
    skipped: list[Skipped] = []
    planned = _planned(tiers, bench)
    for name in planned:
        if stop := _why_stop(results, () if until_decided else tiers):
            skipped.append(_not_run(case, name, stop))
            continue
        began = time.perf_counter()
        checked = _run(name, case, bench, progress)
        seconds = time.perf_counter() - began
        results.append(TierResult(name, checked.verdict, seconds, checked.checked))
        findings += checked.findings
        skipped += checked.skipped
    bench.drop()
    return Verification(
        verdict=overall(results),
        adapter=case.name,
        base=case.base,
        revision=case.revision,
        tiers=tuple(results),
        findings=tuple(sorted(findings, key=lambda one: one.sort_key)),
        skipped=_once(skipped),
    )


def verify_merged(case: Case, merged: Path, progress: Progress = SILENT) -> Verification:
    """Check a merged model against an exact replay of the merge."""
    from loralint.verify.merge import check_merged

    began = time.perf_counter()
    checked = check_merged(case, merged, progress)
    tier = TierResult("merged", checked.verdict, time.perf_counter() - began, checked.checked)
    return Verification(
        checked.verdict, case.name, case.base, case.revision, (tier,),
        checked.findings, checked.skipped,
    )  # fmt: skip


def undecided(adapter: str, base: str | None, revision: str | None, reason: str) -> Verification:
    """The outcome where not even the adapter's tensors could be looked at."""
    skipped = Skipped(Place(adapter, START), "everything", reason)
    return Verification("inconclusive", adapter, base, revision, (), (), (skipped,))


def _planned(tiers: Sequence[TierName], bench: Bench) -> list[TierName]:
    """The tiers in order; the contract's only where there is a contract, or it is asked for."""
    from loralint.contract import NAME

    if tiers:
        return [name for name in TIERS if name in tiers]
    there = [name for name in TIERS if find_spec(_MODULES[name]) is not None]
    return [name for name in there if name != "contract" or NAME in bench.folder.files]


def _why_stop(results: Sequence[TierResult], tiers: Sequence[TierName]) -> str:
    """Why the next tier would add nothing; it runs all the same where it was asked for."""
    if tiers or not results or results[-1].verdict == "verified":
        return ""
    last = results[-1]
    if last.verdict == "failed":
        return f"the {last.name} tier has failed, which decides"
    return f"the {last.name} tier could not decide, and it needs what that one lacked"


def _not_run(case: Case, name: TierName, reason: str) -> Skipped:
    return Skipped(Place(case.file(CONFIG), START), f"the {name} tier", reason)


def _run(name: TierName, case: Case, bench: Bench, progress: Progress) -> Checked:
    check: Callable[[Case, Bench, Progress], Checked] = import_module(_MODULES[name]).check
    return check(case, bench, progress)


_MODULES: dict[TierName, str] = {
    "header": "loralint.verify.header",
    "dry-run": "loralint.verify.dry_run",
    "load": "loralint.verify.load",
    "round-trip": "loralint.verify.roundtrip",
    "contract": "loralint.verify.contract_tier",
}
"""The module of each tier, imported when it runs."""


def _once(skipped: Sequence[Skipped]) -> tuple[Skipped, ...]:
    """Two tiers may skip one thing for one reason: said once."""
    return tuple(dict.fromkeys(skipped))
