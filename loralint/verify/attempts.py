"""The load: the adapter on the base's real weights, quantised as for inference.

Where nobody asks for a quantisation, nf4 is tried first, and what PEFT or a kernel cannot do there
is no fault of the adapter: it is tried again on the plain base, and told.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from loralint.diagnostics import Diagnostic, Fix, Skipped
from loralint.verify import files
from loralint.verify.adapter import below_peft
from loralint.verify.arrival import arrival
from loralint.verify.base import saved_tables
from loralint.verify.case import Case, Quantization, named
from loralint.verify.codes import LOR501, LOR504, LOR505, finding
from loralint.verify.effect import effect
from loralint.verify.folder import CONFIG, WEIGHTS, AdapterFolder
from loralint.verify.forecast import Forecast, foresee
from loralint.verify.loading import Loaded, differences, load
from loralint.verify.offload import free_memory, give_back
from loralint.verify.result import (
    Checked,
    Progress,
    RefusedError,
    UndecidedError,
    count,
    left_open,
    short,
    together,
    undecided,
    where,
)

WHAT = "whether the adapter's tensors arrive in the loaded model"
LOST = frozenset({"LOR501", "LOR502", "LOR503", "LOR504"})
"""What says that tensors of the file are not in the model."""


class Bench:
    """A case, its folder, and what its steps share, so that nothing is loaded twice without need.

    `keep` has the adapter saved once it is loaded, before it is run: some types of PEFT change
    their own weights in the forward.
    """

    def __init__(
        self, case: Case, folder: AdapterFolder, progress: Progress, *, keep: bool = False
    ) -> None:
        self.case = case
        self.folder = folder
        self.progress = progress
        self._keep = keep
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._forecast: Forecast | None = None
        self._arrived: Checked | None = None
        self.loaded: Loaded | None = None

    def forecast(self) -> Forecast:
        """What can be said without weights; made once."""
        if self._forecast is None:
            with self.progress.step(f"building {named(self.case)} without weights"):
                self._forecast = foresee(self.case, self.folder)
        return self._forecast

    def arrived(self) -> Checked:
        """What the load shows; made once. `loaded` is the model from then on, where there is one.

        `case` is the load that was decided for: with a quantisation, or without.
        """
        if self._arrived is None:
            self._arrived = _decide(self)
        return self._arrived

    @property
    def reference(self) -> Callable[[], Any] | None:
        """The adapter on the base without weights, where PEFT can put it there."""
        model = self.forecast().model
        return None if model is None else lambda: model

    @property
    def saved(self) -> Path:
        """Where the adapter is saved to for the round trip."""
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="loralint-")
        return Path(self._temporary.name)

    @property
    def keeps(self) -> bool:
        return self._keep

    def drop(self) -> None:
        """Give the model's memory back."""
        if self.loaded is not None:
            self.loaded = None
            give_back()

    def close(self) -> None:
        """Give everything back."""
        self.drop()
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None


@dataclass(frozen=True)
class _Try:
    """One load and what came of it; `why` says what keeps it from deciding, "" where it does."""

    case: Case
    checked: Checked
    loaded: Loaded | None = None
    why: str = ""

    @property
    def as_stored(self) -> bool:
        """Whether the base is quantised by its own files: then nothing else can be tried."""
        return self.loaded is not None and self.loaded.as_stored


def _decide(bench: Bench) -> Checked:
    """Load as asked; where nobody asked, in nf4, and plainly where that decides nothing."""
    asked = bench.case.quantization
    first = _try(bench, bench.case if asked else _in(bench.case, "nf4"))
    bench.case, bench.loaded = first.case, first.loaded
    if not first.why or first.as_stored or asked == "none":
        return first.checked
    if asked is not None:
        return _as_asked(bench, first)
    if lacking := _lacking(bench.case):
        left = left_open(bench.case.file(CONFIG), "the adapter on the plain base", lacking)
        return together(first.checked, Checked(skipped=(left,)))
    bench.drop()
    second = _try(bench, _in(bench.case, "none"))
    if second.loaded is None and not second.checked.findings and _is_loadable(first):
        second = _try(bench, first.case)  # the plain base does not fit this machine
        bench.case, bench.loaded = second.case, second.loaded
        return second.checked
    bench.case, bench.loaded = second.case, second.loaded
    if second.why == first.why:
        return second.checked
    note = left_open(bench.case.file(CONFIG), "the adapter on a base in nf4", first.why)
    return together(second.checked, Checked(skipped=(note,)))


def _lacking(case: Case) -> str:
    """Why the plain base is not tried: the system would end the process for its hunger."""
    folder = files.locate(case.base or "", case.revision).folder
    found = files.weight_files(folder) if folder is not None else []
    size = sum(one.stat().st_size for one in found if one.is_file())
    free = free_memory()
    if free is None or size * MARGIN < free:
        return ""
    return f"it needs about {size:,} bytes of memory, and {free:,} are free"


MARGIN = 1.2
"""What loading needs beside the weights themselves."""


def _is_loadable(tried: _Try) -> bool:
    return tried.loaded is not None and not tried.checked.findings


def _as_asked(bench: Bench, tried: _Try) -> Checked:
    """What does not go in the quantisation that somebody asked for: it, and not the adapter."""
    case, checked = bench.case, tried.checked
    if tried.loaded is not None and not checked.findings:  # all arrives, and nothing can be run
        plain = _try(bench, _in(case, "none"))
        if plain.loaded is None or plain.why:
            return checked
        what = f"the answers of the model in {case.quantization}"
        left = tuple(one for one in checked.skipped if one.reason != tried.why)
        note = left_open(case.file(CONFIG), what, f"{tried.why}; without it they change as wanted")
        return msgspec.structs.replace(checked, skipped=(*left, note))
    if bench.forecast().model is None:
        return checked
    advice = f"PEFT's {bench.folder.peft_type} does not go in {case.quantization}: serve it on the"
    found = tuple(
        msgspec.structs.replace(
            one, fix=Fix("display", f"{advice} plain base, --quantization none")
        )
        for one in checked.findings
    )
    return msgspec.structs.replace(checked, findings=found)


def _in(case: Case, quantization: Quantization) -> Case:
    return msgspec.structs.replace(case, quantization=quantization)


def _try(bench: Bench, case: Case) -> _Try:
    folder, progress = bench.folder, bench.progress
    try:
        with progress.step(f"loading {case.base} ({case.quantization}) and the adapter"):
            loaded = load(case, folder)
            give_back()
    except UndecidedError as error:
        return _Try(case, undecided(case.file(CONFIG), WHAT, error), why=str(error))
    except RefusedError as error:
        return _Try(case, refused(case, folder, bench.forecast(), error), why=f"PEFT: {error}")
    with progress.step("comparing the tensors"):
        checked = together(
            arrival(loaded.model, case, folder, loaded.adapter, reference=bench.reference),
            drawn_anew(case, folder, loaded),
            Checked(skipped=tuple(_notes(case, loaded))),
        )
    if loaded.rewritten:
        with progress.step("loading a second time"):
            checked = together(checked, _twice(case, folder, loaded))
    if checked.findings:  # a model with wrong tensors has some effect or none: both say nothing
        lost = [one.message for one in checked.findings if one.code in LOST]
        return _Try(case, checked, loaded, lost[0] if lost else "")
    if bench.keeps:
        _save(loaded, folder, bench.saved)
    with progress.step("running the model with and without the adapter"):
        seen, why = effect(case, folder, loaded)
    return _Try(case, together(checked, seen), loaded, why)


def refused(case: Case, folder: AdapterFolder, foreseen: Forecast, reason: Exception) -> Checked:
    """The forecast knows better which tensors do not fit; else the refusal as it is."""
    known = foreseen.checked
    if known.findings:
        return Checked(len(folder.tensors), known.findings)
    how = f" in {case.quantization}" if case.quantization not in (None, "none") else ""
    message = f"PEFT refuses to load the adapter on {named(case)}{how}: {reason}"
    found = finding(LOR504, message, case.file(WEIGHTS), subject=case.base or "")
    return Checked(len(folder.tensors), (found,))


def drawn_anew(case: Case, folder: AdapterFolder, loaded: Loaded) -> Checked:
    """What of the base is in no file at all, so that every load draws it anew."""
    return Checked(findings=(*_fresh(case, folder, loaded), *loaded.unsaved))


def _fresh(case: Case, folder: AdapterFolder, loaded: Loaded) -> Iterator[Diagnostic]:
    """Weights of the base that no file of the base has, and the adapter does not bring."""
    brought = {short(name).removesuffix(".weight") for name in folder.shapes}
    lost = [name for name in loaded.fresh if name.removesuffix(".weight") not in brought
            and name.removesuffix(".bias") not in brought]  # fmt: skip
    if lost:
        yield finding(
            LOR501,
            f"{count(len(lost))} of the model are in neither the base's files nor the adapter's,"
            f" {where(lost)}: they are drawn anew at every load",
            case.file(WEIGHTS),
            details=lost,
            help="save them with the adapter (`task_type`, or `modules_to_save` in LoraConfig), or"
            " load the base with the class that it was saved with",
            subject=case.base or "",
        )


def _notes(case: Case, loaded: Loaded) -> Iterator[Skipped]:
    for note in loaded.notes:
        yield left_open(case.file(CONFIG), "the load as it was asked for", note)


def _twice(case: Case, folder: AdapterFolder, loaded: Loaded) -> Checked:
    """The same load again: where putting the adapter on rewrites the base, it may differ."""
    try:
        found_apart = differences(loaded.model, load(case, folder).model)
    except (RefusedError, UndecidedError) as error:
        return Checked(skipped=(left_open(case.file(CONFIG), "a second load", error),))
    said = {one.rpartition(".")[0] for one in loaded.fresh}
    plain = {name: short(name).replace(".original_module", "") for name in found_apart}
    apart = [name for name in found_apart if plain[name].rpartition(".")[0] not in said]
    if not apart:
        return Checked()
    init = folder.config.get("init_lora_weights")
    found = finding(
        LOR505,
        f"a second load of the same files gives other values in {count(len(apart))},"
        f" {where(apart)}: `init_lora_weights={init}` changes the base at every load",
        case.file(CONFIG),
        details=map(short, apart),
        help="convert the adapter to plain LoRA when saving"
        " (path_initial_model_for_weight_conversion)",
        subject=case.base or "",
    )
    return Checked(findings=(found,))


def _save(loaded: Loaded, folder: AdapterFolder, to: Path) -> None:
    """Save as PEFT does. Whether embeddings go along is told: PEFT would ask the Hub."""
    carries = bool(saved_tables(below_peft(loaded.model), folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded.model.save_pretrained(str(to), save_embedding_layers=carries)
