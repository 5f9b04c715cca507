"""The load tier: the adapter on the base's real weights, quantised as for inference."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify.asking import UNHEARD, both, question
from loralint.verify.base import CannotBuildError
from loralint.verify.bench import Bench
from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.dry_run import undecided
from loralint.verify.folder import CONFIG, WEIGHTS, AdapterFolder
from loralint.verify.golden import NoAnswerError
from loralint.verify.inspection import inspect
from loralint.verify.loading import AdapterRefusedError, Loaded, rewrites_base
from loralint.verify.outcome import Checked
from loralint.verify.progress import Progress
from loralint.verify.refused import refused
from loralint.verify.twice import differences
from loralint.verify.wording import count, short, where

WHAT = "whether the adapter's tensors arrive in the loaded model"


def check(case: Case, bench: Bench, progress: Progress) -> Checked:
    """Load, compare every tensor, run once with and once without the adapter."""
    folder = bench.folder
    try:
        with progress.step(f"loading {case.base} ({case.quantization}) and the adapter"):
            loaded = bench.loaded()
    except CannotBuildError as error:
        return undecided(case, WHAT, str(error))
    except AdapterRefusedError as error:
        return refused(case, folder, str(error))
    with progress.step("comparing the tensors"):
        inspected = inspect(loaded.model, case, folder, loaded.adapter)
        findings = [*inspected.findings, *_fresh(case, folder, loaded)]
    skipped = [*inspected.skipped, *_notes(case, loaded)]
    if rewrites_base(folder):
        with progress.step("loading a second time"):
            findings += _twice(case, bench, loaded)
    if not findings:  # a model with wrong tensors has some effect or none, and both say nothing
        with progress.step("running the model with and without the adapter"):
            more, unproved = _effect(case, folder, loaded)
        findings += more
        skipped += unproved
    return Checked(inspected.checked, tuple(findings), tuple(skipped))


def _fresh(case: Case, folder: AdapterFolder, loaded: Loaded) -> Iterator[Diagnostic]:
    """Weights of the base that no file of the base has, and the adapter does not bring."""
    brought = {short(name).removesuffix(".weight") for name in folder.shapes}
    lost = [name for name in loaded.fresh if name.removesuffix(".weight") not in brought
            and name.removesuffix(".bias") not in brought]  # fmt: skip
    if lost:
        yield finding(
            "LOR501",
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
        yield Skipped(Place(case.file(CONFIG), START), "the load as it was asked for", note)


def _twice(case: Case, bench: Bench, loaded: Loaded) -> Iterator[Diagnostic]:
    """The same load again: with an initialisation that rewrites the base, it may differ."""
    apart = differences(loaded.model, bench.fresh().model)
    if apart:
        init = bench.folder.config.get("init_lora_weights")
        yield finding(
            "LOR505",
            f"a second load of the same files gives other values in {count(len(apart))},"
            f" {where(apart)}: `init_lora_weights={init}` changes the base at every load",
            case.file(CONFIG),
            details=map(short, apart),
            help="convert the adapter to plain LoRA when saving"
            " (path_initial_model_for_weight_conversion)",
            subject=case.base or "",
        )


def _effect(
    case: Case, folder: AdapterFolder, loaded: Loaded
) -> tuple[list[Diagnostic], list[Skipped]]:
    place = Place(case.file(CONFIG), START)
    try:
        asked = question(loaded.model, folder.config, whole=False)
        found = both(loaded.model, asked)
    except NoAnswerError as error:
        return [], [Skipped(place, "whether the adapter changes the output", str(error))]
    unheard = [
        Skipped(place, f"whether the adapter in `{part}` changes the output", UNHEARD)
        for part in asked.unheard
    ]
    if not found.finite:
        return [finding("LOR507", "the model answers NaN or infinity with the adapter",
                        case.file(WEIGHTS), help="train again in a type with a larger range"
                        " (bfloat16 or float32)")], unheard  # fmt: skip
    if found.largest == 0.0:
        return [_no_effect(case)], unheard
    return [], unheard


def _no_effect(case: Case) -> Diagnostic:
    return finding(
        "LOR506",
        "the model gives the same output to the last bit with the adapter and without it",
        case.file(WEIGHTS),
        help="look at lora_alpha, and at whether this model class runs the adapted modules",
        subject=case.base or "",
    )
