"""What is saved and loaded again is the same model, and so is the merged one.

Each step has a model of its own. On CPUs with bfloat16 instructions bitsandbytes packs the weights
anew in the first forward, and what is made plain after that is garbage: a quantised base that is
made plain here has not been run.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import msgspec

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify.adapter import load_adapter, peft_config
from loralint.verify.answers import UNHEARD, Answers, NoAnswerError, Question, alone, both, question
from loralint.verify.arrival import arrival
from loralint.verify.attempts import Bench
from loralint.verify.case import Case
from loralint.verify.codes import LOR514, finding
from loralint.verify.fingerprints import FULL, TOLERANCE
from loralint.verify.folder import CONFIG, WEIGHTS, AdapterFolder, open_folder
from loralint.verify.loading import load_base
from loralint.verify.result import (
    Checked,
    Progress,
    RefusedError,
    UndecidedError,
    UnusableInputError,
    together,
    undecided,
)

# --- merging --------------------------------------------------------------------------------------


_FLAGS = ("is_loaded_in_4bit", "is_loaded_in_8bit", "is_quantized")


def check_merge(
    case: Case,
    folder: AdapterFolder,
    question: Question | None,
    progress: Progress,
    model: Any = None,
) -> Checked:
    """Merge, and compare the answers with those of the adapter beside its base.

    `model` is one that may be used up; without it a fresh one is loaded.
    """
    if peft_config(folder).is_prompt_learning:
        return _skipped(case, "virtual tokens are no weights that could be merged")
    if question is None:
        return _skipped(case, "the model cannot be asked, merged or not")
    with progress.step("merging"):
        try:
            apart, dtype = _apart(case, folder, question, model)
        except UndecidedError:
            raise
        except Exception as error:  # what PEFT and torch raise where something cannot be merged
            return _skipped(case, f"it cannot be merged: {' '.join(str(error).split())[:200]}")
    if apart <= (FULL if dtype == "float32" else TOLERANCE):
        return Checked(1)
    return Checked(1, (_unlike(case, folder, apart, dtype),))


def _skipped(case: Case, reason: str) -> Checked:
    place = Place(case.file(WEIGHTS), START)
    return Checked(skipped=(Skipped(place, "the merged model", reason),))


def _apart(case: Case, folder: AdapterFolder, question: Question, model: Any) -> tuple[float, str]:
    """How far merging moves the answers, as a share of the effect, and in which type it is done.

    Both are asked on the plain weights: that they answer otherwise than quantised ones is no
    fault of the merge, and next to a small effect it is large.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if model is None:
            model = load_adapter(_plain(load_base(case, folder).model), folder)
        beside = both(model, question)
        merged = model.merge_and_unload()
    return beside.apart(alone(merged, question)), str(merged.dtype).removeprefix("torch.")


def _plain(base: Any) -> Any:
    """The weights that the adapter runs on; quantised ones are made plain."""
    if not getattr(base, "is_quantized", False):
        return base
    plain = base.dequantize()
    for flag in _FLAGS:  # transformers leaves them, and some of PEFT's methods refuse for them
        if getattr(plain, flag, False):
            setattr(plain, flag, False)
    return plain


def _unlike(case: Case, folder: AdapterFolder, apart: float, dtype: str) -> Diagnostic:
    """A warning: the adapter as such is right, and who does not merge never sees this."""
    reason, advice = _why(folder, dtype)
    found = finding(
        LOR514,
        f"merging changes the model: its answers differ by {apart:.0%} of the adapter's effect"
        f"{reason}",
        case.file(WEIGHTS),
        help=advice,
        subject=case.base or "",
    )
    return msgspec.structs.replace(found, severity="warning")


def _why(folder: AdapterFolder, dtype: str) -> tuple[str, str]:
    """The likely reason, and what to do."""
    unmerged = "serve the adapter unmerged"
    if folder.config.get("layer_replication"):
        return (
            ": the copies of a replicated layer share one weight, and each copy's adapter is"
            " merged into it", unmerged,
        )  # fmt: skip
    if dtype != "float32":
        return (
            f": the merged weights are rounded to {dtype}, which loses much of a small update",
            f"merge in float32, or {unmerged}",
        )
    return (
        "",
        f"{unmerged}; with tied embeddings, an adapter on one of them reaches both once"
        " it is merged",
    )


# --- roundtrip ------------------------------------------------------------------------------------


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
        return together(again, check_merge(case, folder, before.question, progress, plain))
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
        LOR514,
        f"the adapter does not survive saving and loading again: {lines[0]}",
        case.file(WEIGHTS),
        details=lines,
        help="look at the parts of the adapter that PEFT does not save (embeddings, heads)",
        subject=case.base or "",
    )
