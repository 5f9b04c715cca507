"""The header tier: what the adapter folder alone shows. No model library is needed.

Names are judged as PEFT writes them. What depends on the base is left to the dry run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify.bench import Bench
from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.folder import CHECKPOINT, CONFIG, PICKLE, WEIGHTS, AdapterFolder
from loralint.verify.outcome import Checked
from loralint.verify.progress import Progress
from loralint.verify.stale import stale_or_double
from loralint.verify.wording import count, where

_LORA = re.compile(r"(?P<module>.*)\.lora_(?P<embedding>embedding_)?(?P<side>[AB])(\.weight)?$")
_SAVE_AGAIN = "save the adapter again from the unwrapped, gathered model"

Shape = tuple[int, ...]


def check(case: Case, bench: Bench, progress: Progress) -> Checked:
    """The tier: `judge` the folder of the bench."""
    return judge(case, bench.folder)


def judge(case: Case, folder: AdapterFolder) -> Checked:
    """Judge the folder; `checked` is the number of tensors in the file."""
    findings = (
        *_empty(case, folder),
        *_prefixes(case, folder),
        *_pairs(case, folder),
        *_ranks(case, folder),
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
    if folder.peft_type not in _WITH_PREFIX:
        return
    names = list(folder.shapes)
    for title, wrong in (
        ("of a compiled model (`_orig_mod.`)", [one for one in names if "_orig_mod." in one]),
        ("of a model wrapped twice", [one for one in names if one.count("base_model.model.") > 1]),
        ("of a distributed wrapper (`module.`)", [one for one in names if _DDP.match(one)]),
        ("without `base_model.`", [one for one in names if not _KNOWN_START.match(one)]),
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


_WITH_PREFIX = frozenset({"LORA", "ADALORA", "IA3", "LOHA", "LOKR", "VERA", "OFT", "BOFT"})
_DDP = re.compile(r"(base_model\.model\.)?module\.")
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


def _ranks(case: Case, folder: AdapterFolder) -> Iterator[Diagnostic]:
    """Ranks that A and B, or the file and its configuration, do not agree on."""
    if folder.peft_type != "LORA" or folder.config.get("target_parameters"):
        return
    wrong = [
        f"{module}: {fault}"
        for module, sides in lora_pairs(folder).items()
        if (fault := _rank_fault(module, sides, folder.config))
    ]
    if wrong:
        yield finding(
            "LOR503",
            f"{count(len(wrong), 'module')} of {len(lora_pairs(folder)):,} have another rank than"
            f" {CONFIG} gives them, {where(wrong)}",
            case.file(WEIGHTS),
            details=wrong,
            help=f"put the {CONFIG} back that was saved with these weights",
        )


def _rank_fault(module: str, sides: Mapping[str, Shape], config: Mapping[str, object]) -> str:
    found = {
        side: shape[0] if side == "A" else shape[1]
        for side, shape in sides.items()
        if len(shape) > 1 and 0 not in shape
    }
    if len(set(found.values())) > 1:
        return f"A has rank {found['A']} and B {found['B']}"
    wanted = pattern_value(config, "rank_pattern", module, config.get("r"))
    for rank in found.values():
        if isinstance(wanted, int) and rank != wanted and not _is_fused(module):
            return f"the file has rank {rank}, the configuration {wanted}"
    return ""


def _is_fused(module: str) -> bool:
    """Experts: their ranks are multiplied when they are fused into one parameter."""
    return ".experts" in module


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
