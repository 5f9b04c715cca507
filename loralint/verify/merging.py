"""Merged against unmerged, on the same plain weights.

On CPUs with bfloat16 instructions bitsandbytes packs the weights anew in the first forward, and
what is made plain after that is garbage: the base that is made plain here has not been run.
"""

from __future__ import annotations

import warnings
from typing import Any

import msgspec

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify.adapter import load_adapter, peft_config
from loralint.verify.asking import Question, alone, both
from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.folder import WEIGHTS, AdapterFolder
from loralint.verify.golden_check import FULL, TOLERANCE
from loralint.verify.loading import load_base
from loralint.verify.outcome import Checked, UndecidedError
from loralint.verify.progress import Progress

_FLAGS = ("is_loaded_in_4bit", "is_loaded_in_8bit", "is_quantized")


def check(
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
        "LOR514",
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
