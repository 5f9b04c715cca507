"""The round-trip tier: what is saved and loaded again is the same model, and so is the merged one.

Each step has a model of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify import merging
from loralint.verify.adapter import load_adapter
from loralint.verify.arrival import arrival
from loralint.verify.asking import UNHEARD, Answers, Question, alone, both, question
from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.folder import CONFIG, WEIGHTS, AdapterFolder, open_folder
from loralint.verify.golden import NoAnswerError
from loralint.verify.golden_check import TOLERANCE
from loralint.verify.load import Bench
from loralint.verify.loading import load_base
from loralint.verify.outcome import (
    Checked,
    RefusedError,
    UndecidedError,
    UnusableInputError,
    together,
    undecided,
)

WHAT = "the round trip"


@dataclass(frozen=True)
class Before:
    """What the loaded model answers to a question; `why_not` says why it could not be asked."""

    question: Question | None = None
    answers: Answers | None = None
    why_not: str = ""


def check(bench: Bench) -> Checked:
    """Load what the loaded adapter was saved as, and compare; then merge a model into its base."""
    folder, progress = bench.folder, bench.progress
    bench.arrived()
    if bench.loaded is None or not (bench.saved / CONFIG).is_file():
        return undecided(bench.case.file(WEIGHTS), WHAT, "the adapter did not arrive")
    with progress.step("running the model"):
        before = _before(bench.loaded.model, folder)
    bench.drop()
    case = bench.case
    try:
        again, model = _reloaded(bench, before)
        if again.findings:
            return again
        plain = None if case.quantization not in (None, "none") else model
        del model
        return together(again, merging.check(case, folder, before.question, progress, plain))
    except (RefusedError, UndecidedError, NoAnswerError) as error:
        return undecided(case.file(WEIGHTS), WHAT, error)


def _skip(case: Case, what: str, reason: str) -> Skipped:
    return Skipped(Place(case.file(WEIGHTS), START), what, reason)


def _before(model: Any, folder: AdapterFolder) -> Before:
    try:
        asked = question(model, folder.config, whole=True)
        return Before(asked, both(model, asked))
    except NoAnswerError as error:
        return Before(why_not=str(error))


def _reloaded(bench: Bench, before: Before) -> tuple[Checked, Any]:
    """The saved adapter on a fresh base: the original file's tensors, and the same answers."""
    case, original = bench.case, bench.folder
    with bench.progress.step(f"loading {case.base} ({case.quantization}) a second time"):
        try:
            # Sized by the original folder, whose tokenizer and head the saved one does not have.
            model = load_adapter(load_base(case, original).model, open_folder(bench.saved))
        except UnusableInputError as error:
            return Checked(
                findings=(_lost(case, [f"what was saved is no adapter: {error}"]),)
            ), None
        except RefusedError as error:
            return Checked(findings=(_lost(case, [f"PEFT refuses what was saved: {error}"]),)), None
    inspected = arrival(model, case, original, reference=bench.reference)
    lines = [found.message for found in inspected.findings]
    if lines:
        return Checked(inspected.checked, (_lost(case, lines),)), None
    return _answers_again(case, model, before, inspected.checked), model


def _answers_again(case: Case, model: Any, before: Before, checked: int) -> Checked:
    if before.question is None or before.answers is None:
        return Checked(checked, skipped=(_skip(case, "the reloaded model's answers",
                                               before.why_not),))  # fmt: skip
    apart = before.answers.apart(alone(model, before.question))
    if apart > _allowed(model):
        line = f"the reloaded model's answers differ by {apart:.1%} of the adapter's effect"
        return Checked(checked, (_lost(case, [line]),))
    unheard = tuple(
        _skip(case, f"the answers of `{part}` after reloading and merging", UNHEARD)
        for part in before.question.unheard
    )
    return Checked(checked, skipped=unheard)


def _allowed(model: Any) -> float:
    """On a CPU the same weights give the same answers; a GPU may add in another order."""
    kinds = {one.device.type for one in model.parameters()}
    return 0.0 if kinds == {"cpu"} else TOLERANCE


def _lost(case: Case, lines: list[str]) -> Diagnostic:
    return finding(
        "LOR514",
        f"the adapter does not survive saving and loading again: {lines[0]}",
        case.file(WEIGHTS),
        details=lines,
        help="look at the parts of the adapter that PEFT does not save (embeddings, heads)",
        subject=case.base or "",
    )
