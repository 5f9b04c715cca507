"""The round-trip tier: what is saved and loaded again is the same model, and so is the merged one.

Each step has a model of its own.
"""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify import merging
from loralint.verify.asking import UNHEARD, Answers, Question, alone, both, question
from loralint.verify.base import CannotBuildError
from loralint.verify.bench import Bench
from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.folder import WEIGHTS, AdapterFolder, open_folder
from loralint.verify.golden import NoAnswerError
from loralint.verify.golden_check import TOLERANCE
from loralint.verify.inspection import inspect
from loralint.verify.loading import AdapterRefusedError, Loaded, load_adapter, load_base
from loralint.verify.outcome import Checked, UnusableInputError
from loralint.verify.progress import Progress

EMBEDDINGS = ("embed_tokens.", "lm_head.", "wte.", "word_embeddings.", "embed_in.", "embed_out.")
REASONS = (CannotBuildError, AdapterRefusedError, NoAnswerError)


@dataclass(frozen=True)
class Before:
    """What the loaded model answers to a question; `why_not` says why it could not be asked."""

    question: Question | None = None
    answers: Answers | None = None
    why_not: str = ""


def check(case: Case, bench: Bench, progress: Progress) -> Checked:
    """Save the loaded adapter, load it afresh, and compare; then merge one that was never run."""
    with tempfile.TemporaryDirectory(prefix="loralint-") as name:
        folder = Path(name)
        try:
            with progress.step("saving the adapter, and running it"):
                loaded = bench.loaded()
                before = _before(loaded.model, bench.folder)
                _save(loaded, bench.folder, folder)
            del loaded
            bench.drop()
            reloaded = _reloaded(case, bench.folder, folder, before, progress)
            if reloaded.findings:
                return reloaded
            return _with(reloaded, merging.check(case, bench.folder, before.question, progress))
        except REASONS as error:
            return Checked(skipped=(_skip(case, "the round trip", str(error)),), decided=False)


def _skip(case: Case, what: str, reason: str) -> Skipped:
    return Skipped(Place(case.file(WEIGHTS), START), what, reason)


def _with(one: Checked, other: Checked) -> Checked:
    return Checked(
        one.checked + other.checked,
        (*one.findings, *other.findings),
        (*one.skipped, *other.skipped),
        one.decided,
    )


def _before(model: Any, folder: AdapterFolder) -> Before:
    try:
        asked = question(model, folder.config, whole=True)
        return Before(asked, both(model, asked))
    except NoAnswerError as error:
        return Before(why_not=str(error))


def _save(loaded: Loaded, original: AdapterFolder, folder: Path) -> None:
    """Save as PEFT does. Whether embeddings go along is told: PEFT would ask the Hub."""
    carries = any(word in name for name in original.shapes for word in EMBEDDINGS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded.model.save_pretrained(str(folder), save_embedding_layers=carries)


def _reloaded(
    case: Case, original: AdapterFolder, folder: Path, before: Before, progress: Progress
) -> Checked:
    """The saved adapter on a fresh base: the original file's tensors, and the same answers."""
    with progress.step(f"loading {case.base} ({case.quantization}) a second time"):
        try:
            # Sized by the original folder, whose tokenizer and head the saved one does not have.
            model = load_adapter(load_base(case, original).model, open_folder(folder))
        except UnusableInputError as error:
            return Checked(findings=(_lost(case, [f"what was saved is no adapter: {error}"]),))
    inspected = inspect(model, case, original)
    lines = [found.message for found in inspected.findings]
    if lines:
        return Checked(inspected.checked, (_lost(case, lines),))
    return _answers_again(case, model, before, inspected.checked)


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
