"""What the adapter does to the answers of a model: something, nothing, or no numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loralint.diagnostics import Diagnostic
from loralint.verify.answers import (
    UNHEARD,
    NoAnswerError,
    Question,
    alone,
    compared,
    question,
    without,
)
from loralint.verify.case import Case
from loralint.verify.codes import LOR506, LOR507, finding
from loralint.verify.folder import CONFIG, WEIGHTS, AdapterFolder
from loralint.verify.loading import Loaded, load_base
from loralint.verify.result import Checked, UndecidedError, left_open

if TYPE_CHECKING:
    from torch import Tensor

LORA = "LORA"
WHAT = "whether the adapter changes the output"


def effect(case: Case, folder: AdapterFolder, loaded: Loaded) -> tuple[Checked, str]:
    """LOR506 and LOR507 by the model's answers, and why they could not be had, "" where they were.

    Some types of PEFT answer the same with the adapter switched off: before a difference of zero is
    believed, the bare base is asked.
    """
    file = case.file(CONFIG)
    try:
        asked = question(loaded.model, folder.config, whole=False)
        full = alone(loaded.model, asked)
        if not _is_finite(full):
            return Checked(findings=(_no_numbers(case),)), _NO_NUMBERS
        largest = _switched_off(loaded.model, asked, full)
        largest = largest or _elsewhere(case, folder, loaded.model, asked, full)
    except (NoAnswerError, UndecidedError) as error:
        tried = error.__cause__ is not None  # it was run, and something in it gave up
        return Checked(skipped=(left_open(file, WHAT, error),)), str(error) if tried else ""
    unheard = Checked(skipped=tuple(
        left_open(file, f"whether the adapter in `{part}` changes the output", UNHEARD)
        for part in asked.unheard
    ))  # fmt: skip
    if largest == 0.0:
        return Checked(findings=(_none(case),), skipped=unheard.skipped), _SAME
    return unheard, ""


def _switched_off(model: Any, asked: Question, full: Tensor) -> float:
    """The largest change, by PEFT's own switch; 0.0 where it does not work either."""
    try:
        return compared(full, without(model, asked)).largest
    except NoAnswerError:
        return 0.0


def _elsewhere(
    case: Case, folder: AdapterFolder, model: Any, asked: Question, full: Tensor
) -> float:
    """The largest change around the part that was asked, or where the switch does nothing."""
    if asked.part:
        try:
            whole = Question("", asked.rows, asked.given, asked.unheard)
            answer = alone(model, whole)
        except NoAnswerError:  # the whole takes another question
            pass
        else:
            asked, full = whole, answer
            if largest := _switched_off(model, asked, full):
                return largest
    if folder.peft_type == LORA:  # whose switch is exact
        return 0.0
    return _beside_the_base(case, folder, asked, full)


def _beside_the_base(case: Case, folder: AdapterFolder, asked: Question, full: Tensor) -> float:
    """The largest change, by a base that no adapter was put on."""
    return compared(full, alone(load_base(case, folder).model, asked)).largest


def _is_finite(answer: Tensor) -> bool:
    import torch

    return bool(torch.isfinite(answer).all())


_SAME = "the model gives the same output to the last bit with the adapter and without it"
_NO_NUMBERS = "the model answers NaN or infinity with the adapter"


def _none(case: Case) -> Diagnostic:
    return finding(
        LOR506,
        _SAME,
        case.file(WEIGHTS),
        help="look at lora_alpha, and at whether this model class runs the adapted modules",
        subject=case.base or "",
    )


def _no_numbers(case: Case) -> Diagnostic:
    return finding(
        LOR507,
        _NO_NUMBERS,
        case.file(WEIGHTS),
        help="train again in a type with a larger range (bfloat16 or float32)",
    )
