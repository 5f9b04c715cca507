"""The header tier: what the adapter folder alone shows. No model library is needed.

Names are judged as PEFT writes them. What depends on the base is left to the dry run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.folder import CHECKPOINT, CONFIG, PICKLE, WEIGHTS, AdapterFolder
from loralint.verify.outcome import Checked
from loralint.verify.stale import stale_or_double
from loralint.verify.wording import count, short, where

_LORA = re.compile(r"(?P<module>.*)\.lora_(?P<embedding>embedding_)?(?P<side>[AB])(\.weight)?$")
_SAVE_AGAIN = "save the adapter again from the unwrapped, gathered model"

Shape = tuple[int, ...]


def judge(case: Case, folder: AdapterFolder) -> Checked:
    """Judge the folder; `checked` is the number of tensors in the file."""
    findings = (
        *_empty(case, folder),
        *_prefixes(case, folder),
        *_pairs(case, folder),
        *_integers(case, folder),
        *_incomplete(case, folder),
        *stale_or_double(case, folder),
    )
    return Checked(len(folder.tensors), findings, tuple(_skipped(case, folder)))


def _empty(case: Case, folder: AdapterFolder) -> Iterator[Diagnostic]:
    file = case.file(WEIGHTS)
    if not folder.tensors:
        yield finding(
            "LOR501",
            "the file has no tensors: whatever loads it gets a freshly made adapter",
            file,
            help="save the PEFT model before `merge_and_unload()` or `unload()`, or not at all",
        )
    empty = [name for name, shape in folder.shapes.items() if 0 in shape]
    if empty:
        yield finding(
            "LOR503",
            f"{count(len(empty))} of {len(folder.tensors):,} have no elements, {where(empty)}: the"
            " save got one partition of the weights, as DeepSpeed ZeRO-3 and FSDP give",
            file,
            details=empty,
            help="gather the weights before saving (`zero3_save_16bit_model`, full state dict)",
        )


def _prefixes(case: Case, folder: AdapterFolder) -> Iterator[Diagnostic]:
    """Names that no load will find, whatever the base is."""
    names = list(folder.shapes)
    halves = [one for one in names if _LORA.fullmatch(one)]
    for title, wrong in (
        ("of a compiled model (`_orig_mod.`)", [one for one in names if "_orig_mod." in one]),
        ("of a model wrapped twice", [one for one in names if one.count("base_model.model.") > 1]),
        ("of a distributed wrapper (`module.`)", [one for one in names if _DDP.match(one)]),
        ("without `base_model.`", [one for one in halves if not _KNOWN_START.match(one)]),
    ):
        if wrong:
            yield finding(
                "LOR502",
                f"{count(len(wrong))} of {len(names):,} have names {title}, {where(wrong)}: PEFT"
                " finds no place for them and drops them without a word",
                case.file(WEIGHTS),
                details=wrong,
                help=_SAVE_AGAIN,
            )


_DDP = re.compile(r"module\.")
_KNOWN_START = re.compile(r"base_model\.|module\.|_orig_mod\.")


def lora_pairs(folder: AdapterFolder) -> dict[str, dict[str, Shape]]:
    """The shapes of `A` and `B` of each module that has either."""
    pairs: dict[str, dict[str, Shape]] = {}
    for name, shape in folder.shapes.items():
        match = _LORA.fullmatch(name)
        if match is not None:
            pairs.setdefault(match["module"], {})[match["side"]] = shape
    return pairs


def _pairs(case: Case, folder: AdapterFolder) -> Iterator[Diagnostic]:
    pairs = lora_pairs(folder)
    alone = [f"{module} has only lora_{next(iter(sides))}"
             for module, sides in pairs.items() if len(sides) == 1]  # fmt: skip
    if alone:
        yield finding(
            "LOR501",
            f"{count(len(alone), 'module')} of {len(pairs):,} have one half of the pair only,"
            f" {where(alone)}: the other half is made anew at every load",
            case.file(WEIGHTS),
            details=alone,
            help=_SAVE_AGAIN,
        )


def _integers(case: Case, folder: AdapterFolder) -> Iterator[Diagnostic]:
    """Halves of pairs in a type that is none of weights; other tensors may be indices."""
    halves = [one for one in folder.tensors if _LORA.fullmatch(one.name)]
    wrong = {one.name: one.dtype for one in halves if not one.dtype.startswith(("F", "BF"))}
    if wrong:
        yield integers(case, folder, wrong)


def integers(case: Case, folder: AdapterFolder, wrong: Mapping[str, str]) -> Diagnostic:
    """LOR516 for tensors, with their types."""
    return finding(
        "LOR516",
        f"{count(len(wrong))} of {len(folder.tensors):,} are no floating point numbers,"
        f" {where(list(wrong))}: the first is {next(iter(wrong.values()))}, as a quantised export"
        " without its scales is",
        case.file(WEIGHTS),
        details=[f"{short(name)}: {dtype}" for name, dtype in wrong.items()],
        help="save the adapter in float32, float16 or bfloat16",
    )


_NEEDED = ("r", "lora_alpha", "target_modules")


def _incomplete(case: Case, folder: AdapterFolder) -> Iterator[Diagnostic]:
    """Keys that PEFT always writes for LoRA, and takes a default for where they are not there."""
    if folder.peft_type != "LORA":
        return
    missing = [key for key in _NEEDED if key not in folder.config]
    if "target_modules" in missing and folder.config.get("target_parameters"):
        missing.remove("target_modules")
    if missing:
        named = " and ".join(f"`{key}`" for key in missing)
        yield finding(
            "LOR517",
            f"{CONFIG} has no {named}: PEFT takes its own default, whatever the training had",
            case.file(CONFIG),
            details=missing,
            help=f"write {named} of the training into {CONFIG}",
        )


def pattern_value(config: Mapping[str, object], key: str, module: str, otherwise: object) -> object:
    """What `rank_pattern` or `alpha_pattern` gives a module, matched as PEFT matches."""
    patterns = config.get(key)
    if not isinstance(patterns, dict):
        return otherwise
    for pattern, value in patterns.items():
        try:
            if re.match(rf"(.*\.)?({pattern})$", module):
                return value
        except re.error:
            continue
    return otherwise


def _skipped(case: Case, folder: AdapterFolder) -> Iterator[Skipped]:
    place = Place(case.file(CONFIG), START)
    for name in folder.adapters:
        checkpoint = CHECKPOINT.fullmatch(name) is not None
        if case.alone or checkpoint:
            what = "a checkpoint of a training" if checkpoint else "an adapter of its own"
            reason = f"it is {what}: `loralint verify {case.name}/{name}`"
            yield Skipped(place, f"the adapter in the subfolder {name}", reason)
    if PICKLE in folder.files:
        yield Skipped(place, PICKLE, f"PEFT loads {WEIGHTS}, and a pickle is never opened")
