"""The forecast: PEFT puts the adapter onto the base on the meta device, without any weights.

It costs seconds for any size. What it says is a forecast: where the weights can be loaded, what
arrives there decides.
"""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify.adapter import attach, peft_config, said
from loralint.verify.arrival import forecast, modules
from loralint.verify.base import empty_base, unsaved_rows, wanted_rows
from loralint.verify.case import Case, named
from loralint.verify.codes import LOR501, finding
from loralint.verify.folder import CONFIG, WEIGHTS, AdapterFolder
from loralint.verify.header import judge_by_names
from loralint.verify.result import (
    Checked,
    NeedsRemoteCodeError,
    RefusedError,
    UndecidedError,
    listed,
    short,
    together,
    undecided,
)

FIT = "whether the adapter's names and shapes fit the base"


@dataclass(frozen=True)
class Forecast:
    """What was found without weights, and the adapter on the base without them.

    `model` is None where PEFT does not put it on there; `no_base` tells that not even the base can
    be built, so that nothing that needs it can be run.
    """

    checked: Checked
    model: Any = None
    no_base: bool = False


def foresee(case: Case, folder: AdapterFolder) -> Forecast:
    """Judge names and shapes; `checked` is the number of tensors in the file."""
    with _hastily():
        try:
            base = empty_base(case, folder)
        except NeedsRemoteCodeError as error:
            return Forecast(judge_by_names(case, folder, FIT, str(error)), no_base=True)
        except UndecidedError as error:
            return Forecast(undecided(case.file(CONFIG), FIT, error), no_base=True)
        return _on(base, case, folder)


def _on(base: Any, case: Case, folder: AdapterFolder) -> Forecast:
    rows = wanted_rows(base, folder)
    unsaved = Checked(findings=tuple(unsaved_rows(case, base, folder, rows)))
    there = modules(base)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            if rows is not None:
                base.resize_token_embeddings(rows, mean_resizing=False)
            model = attach(base, folder)
        except (RefusedError, UndecidedError) as error:
            return Forecast(together(unsaved, _not_attached(case, folder, base, there, error)))
        except Exception as error:  # a base that cannot be resized without its weights
            return Forecast(together(unsaved, undecided(case.file(CONFIG), FIT, error)))
        try:
            found = forecast(model, case, folder)
        except Exception as error:  # PEFT's own code for saving, which some types give no way here
            reason = f"PEFT cannot tell its tensors without values: {said(error)}"
            return Forecast(together(unsaved, undecided(case.file(CONFIG), FIT, reason)))
    unknown = Checked(skipped=tuple(_unknown_settings(case, told)))
    return Forecast(together(found, unsaved, unknown), model)


def _not_attached(
    case: Case, folder: AdapterFolder, base: Any, there: str, error: Exception
) -> Checked:
    """PEFT does not put it on: because nothing in the base is a target, or for its own reasons."""
    if isinstance(error, RefusedError) and _is_without_targets(base, folder):
        return Checked(len(folder.tensors), (_nothing_matches(case, folder, there, error),))
    reason = f"PEFT cannot put the adapter on {named(case)} without its weights: {error}"
    return undecided(case.file(CONFIG), FIT, reason)


def _is_without_targets(base: Any, folder: AdapterFolder) -> bool:
    """Whether not one module of the base is a target, as PEFT matches them."""
    from peft.tuners.tuners_utils import check_target_module_exists

    try:
        config = peft_config(folder)
        if not getattr(config, "target_modules", None) or getattr(
            config, "target_parameters", None
        ):
            return False
        return not any(check_target_module_exists(config, name) for name, _ in base.named_modules())
    except Exception:  # settings that contradict each other: PEFT's own text says so
        return False


def _nothing_matches(case: Case, folder: AdapterFolder, there: str, error: Exception) -> Diagnostic:
    """PEFT refuses, and so do we."""
    message = (
        f"no module of {case.base} is one that the adapter was made for: it wants"
        f" {_targets(folder.config.get('target_modules'))}, and the base has {there}"
    )
    return finding(
        LOR501,
        message,
        case.file(WEIGHTS),
        details=[f"PEFT says: {' '.join(str(error).split())[:300]}", *map(short, folder.shapes)],
        help="load the base and the revision that the adapter was trained on",
        subject=case.base or "",
    )


def _targets(wanted: object) -> str:
    if isinstance(wanted, (list, tuple, set)):
        return listed(sorted(map(str, wanted)), 8)
    return f"`{wanted}`"


def _unknown_settings(case: Case, told: list[warnings.WarningMessage]) -> Iterator[Skipped]:
    """Settings of a newer PEFT, which this one drops."""
    for one in told:
        text = " ".join(str(one.message).split())
        if "unexpected keyword arguments" in text:
            yield Skipped(Place(case.file(CONFIG), START), "settings that this PEFT does not know",
                          text[:300])  # fmt: skip


# --- in haste -------------------------------------------------------------------------------------


def hide_what_is_not_needed() -> None:
    """Put off what costs time to import where no weights are loaded, in this process from now on.

    transformers and PEFT import these if they find them, and no configuration of an adapter can ask
    for them on the meta device. Does nothing where torch has been imported before.
    """
    if "torch" not in sys.modules:
        gc.disable()  # imports and a model's modules are all kept, so it only costs time
        for name in UNUSED:
            sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # taken for absent


UNUSED = ("bitsandbytes", "pandas")


@contextmanager
def _hastily() -> Iterator[None]:
    """No garbage collection. First values of weights are not switched off: whatever is imported
    meanwhile would keep functions that fill nothing, and load models with them later.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()
