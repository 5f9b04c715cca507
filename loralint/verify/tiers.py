"""The steps of a verification in their order: nothing cheap waits, and what decides stops the rest.

The folder alone, the files that the contract names, the forecast without weights, the load, the
model's answers, the round trip. A forecast is only that: where the weights load and everything
arrives, it is overruled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from loralint.contract import NAME
from loralint.diagnostics import Skipped
from loralint.verify.case import Case
from loralint.verify.folder import CONFIG, AdapterFolder, open_folder
from loralint.verify.result import (
    SILENT,
    TIERS,
    Checked,
    Progress,
    TierName,
    TierResult,
    Verification,
    left_open,
    overall,
    together,
    undecided as nothing_known,
)

if TYPE_CHECKING:
    from loralint.verify.attempts import Bench

Step = Callable[["_Run"], Checked]


def verify(
    case: Case,
    tiers: Sequence[TierName] = (),
    progress: Progress = SILENT,
    *,
    until_decided: bool = False,
) -> Verification:
    """Verify a case; UnusableInputError where the folder is no adapter or is damaged.

    Without `tiers` all are run until one fails: the cheapest that decides is enough. With `tiers`,
    those are run and no others, all of them unless they are to run `until_decided`.
    """
    folder = open_folder(case.adapter)
    planned = _planned(tiers, folder)
    run = _Run(case, folder, progress, planned, stops=until_decided or not tiers)
    try:
        for name, step in _STEPS:
            if name in planned:
                run.take(name, step)
    finally:
        run.close()
    return run.outcome()


def verify_merged(case: Case, merged: Path, progress: Progress = SILENT) -> Verification:
    """Check a merged model against an exact replay of the merge."""
    from loralint.verify.merged import check_merged

    began = time.perf_counter()
    checked = check_merged(case, merged, progress)
    tier = TierResult("merged", checked.verdict, time.perf_counter() - began, checked.checked)
    return Verification(
        checked.verdict, case.name, case.base, case.revision, (tier,),
        checked.findings, checked.skipped,
    )  # fmt: skip


def undecided(adapter: str, base: str | None, revision: str | None, reason: str) -> Verification:
    """The outcome where not even the adapter's tensors could be looked at."""
    skipped = left_open(adapter, "everything", reason)
    return Verification("inconclusive", adapter, base, revision, (), (), (skipped,))


def _planned(tiers: Sequence[TierName], folder: AdapterFolder) -> tuple[TierName, ...]:
    """The tiers in order; the contract's only where there is a contract, or it is asked for."""
    if tiers:
        return tuple(name for name in TIERS if name in tiers)
    return tuple(name for name in TIERS if name != "contract" or NAME in folder.files)


@dataclass
class _Run:
    """One verification on its way: what each tier has said so far, and how long it took."""

    case: Case
    folder: AdapterFolder
    progress: Progress
    planned: tuple[TierName, ...]
    stops: bool
    said: dict[TierName, Checked] = field(default_factory=dict)
    seconds: dict[TierName, float] = field(default_factory=dict)
    left: list[Skipped] = field(default_factory=list)
    stopped: str = ""
    _bench: Bench | None = None

    @property
    def bench(self) -> Bench:
        """What the steps with a model share."""
        from loralint.verify.attempts import Bench

        if self._bench is None:
            keep = "round-trip" in self.planned
            self._bench = Bench(self.case, self.folder, self.progress, keep=keep)
        return self._bench

    def take(self, name: TierName, step: Step) -> None:
        """Take a step of a tier, unless what has been seen makes it idle."""
        if self.stopped:
            if name not in self.said:
                self.left.append(_not_run(self.case, name, self.stopped))
            return
        began = time.perf_counter()
        checked = guarded(self.case, name, lambda: step(self))
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began
        before = self.said.get(name)
        if before is not None:  # the last step of a tier says whether it has decided
            checked = replace(together(before, checked), decided=checked.decided)
        self.said[name] = checked
        if self.stops:
            self.stopped = _why_stop(name, self)

    def close(self) -> None:
        """Give memory and temporary folders back."""
        if self._bench is not None:
            self.bench.close()

    def outcome(self) -> Verification:
        """Everything that was said, as one."""
        _overrule(self)
        results = tuple(
            TierResult(name, self.said[name].verdict, self.seconds[name], self.said[name].checked)
            for name in TIERS if name in self.said
        )  # fmt: skip
        whole = together(*(self.said[name] for name in TIERS if name in self.said))
        skipped = (*_unpinned(self.case), *whole.skipped, *self.left)
        return Verification(
            verdict=overall(results),
            adapter=self.case.name,
            base=self.case.base,
            revision=self.case.revision,
            tiers=results,
            findings=tuple(sorted(whole.findings, key=lambda one: one.sort_key)),
            skipped=tuple(dict.fromkeys(skipped)),
        )


def guarded(case: Case, name: str, step: Callable[[], Checked]) -> Checked:
    """What a step says. An error that comes out of a library leaves it undecided, with its text."""
    from loralint.verify.result import RefusedError, UndecidedError, UnusableInputError

    what = f"the {name} tier"
    try:
        return step()
    except UnusableInputError:
        raise
    except (RefusedError, UndecidedError) as error:
        return nothing_known(case.file(CONFIG), what, error)
    except Exception as error:
        if is_ours(error):
            raise
        text = " ".join(str(error).split())[:300]
        return nothing_known(case.file(CONFIG), what, f"{type(error).__name__}: {text}")


def is_ours(error: BaseException) -> bool:
    """Whether an error was raised by a line of loralint, and not by a library that it calls."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    here = Path(__file__).parents[1]
    return at is not None and here in Path(at.tb_frame.f_code.co_filename).parents


# --- the steps ------------------------------------------------------------------------------------


def _header(run: _Run) -> Checked:
    from loralint.verify.header import judge

    return judge(run.case, run.folder)


def _contract_files(run: _Run) -> Checked:
    from loralint.verify.contract import check_files

    return check_files(run.case, run.folder)


def _forecast(run: _Run) -> Checked:
    return run.bench.forecast().checked


def _load(run: _Run) -> Checked:
    foreseen = run.said.get("dry-run")
    if foreseen is not None and foreseen.findings and run.stops and not _is_here(run.case):
        reason = "the forecast has found faults, and the base's weights are not on this machine"
        return nothing_known(run.case.file(CONFIG), "the load", reason)
    return run.bench.arrived()


def _answers(run: _Run) -> Checked:
    from loralint.verify.contract import check_answers

    with run.progress.step("comparing the answers with the recorded ones"):
        return check_answers(run.case, run.bench)


def _round_trip(run: _Run) -> Checked:
    from loralint.verify.roundtrip import check

    return check(run.bench)


_STEPS: tuple[tuple[TierName, Step], ...] = (
    ("header", _header),
    ("contract", _contract_files),
    ("dry-run", _forecast),
    ("load", _load),
    ("contract", _answers),
    ("round-trip", _round_trip),
)
"""In the order in which they are taken; a tier may have two."""


def _is_here(case: Case) -> bool:
    """Whether loading the base fetches nothing."""
    from loralint.verify import files

    located = files.locate(case.base or "", case.revision)
    return located.folder is not None and files.is_whole(located.folder)


# --- what stops what ------------------------------------------------------------------------------


def _why_stop(name: TierName, run: _Run) -> str:
    """Why the next steps would add nothing."""
    checked = run.said[name]
    if name == "dry-run":
        if run.bench.forecast().no_base:
            return "the base cannot be built here, and all else needs it"
        return ""  # the load decides
    if checked.verdict == "failed":
        return f"the {name} tier has failed, which decides"
    if name == "load" and run.bench.loaded is None:
        return "the load tier could not decide, and it needs what that one lacked"
    return ""


def _overrule(run: _Run) -> None:
    """A forecast that the load contradicts is no finding, and one that it repeats is said once."""
    foreseen, loaded = run.said.get("dry-run"), run.said.get("load")
    if foreseen is None or loaded is None or loaded.verdict != "verified":
        return
    errors = [one for one in foreseen.findings if one.severity == "error"]
    if errors:
        reason = f"without weights: {errors[0].message}; with them everything arrives"
        left = left_open(run.case.file(CONFIG), "the forecast", reason)
        run.said["dry-run"] = Checked(foreseen.checked, (), (*foreseen.skipped, left), False)


def _not_run(case: Case, name: TierName, reason: str) -> Skipped:
    return left_open(case.file(CONFIG), f"the {name} tier", reason)


def _unpinned(case: Case) -> Iterator[Skipped]:
    """Whoever names no revision gets the default branch as it is on the day."""
    if case.base is None or Path(case.base).exists() or case.revision is not None:
        return
    reason = "no revision is given or recorded, and the default branch may move: give --revision"
    yield left_open(case.file(CONFIG), f"which commit of {case.base} this was", reason)
