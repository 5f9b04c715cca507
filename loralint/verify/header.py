"""What files alone say: the header tier, and a base whose code is not run.

No model library is needed. Names are judged as PEFT writes them; what depends on the base is left
to the forecast and the load.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from loralint.diagnostics import Diagnostic, Fix, Skipped
from loralint.source import START, Place
from loralint.verify import files
from loralint.verify.base import PREFIX
from loralint.verify.case import Case
from loralint.verify.checkpoint import FLOATS, Checkpoint, Entry, Names
from loralint.verify.codes import LOR501, LOR502, LOR503, LOR516, LOR517, finding
from loralint.verify.folder import CHECKPOINT, CONFIG, PICKLE, WEIGHTS, AdapterFolder
from loralint.verify.result import Checked, UnusableInputError, count, short, where

# --- stale ----------------------------------------------------------------------------------------


_MINUTE = 60.0


def stale_or_double(case: Case, folder: AdapterFolder) -> Iterator[Diagnostic]:
    """LOR404 and LOR405 have no counterpart among the codes of loading: they keep theirs."""
    if _is_stale(folder):
        yield _finding(
            "LOR405",
            f"{WEIGHTS} is older than {PICKLE}, which the last save wrote, and is what PEFT loads:"
            " the newer weights are never used",
            case.file(WEIGHTS),
            f"remove {WEIGHTS}, or save again without safe_serialization=False",
        )
    if _has_model(folder):
        yield _finding(
            "LOR404",
            "a whole model lies beside this adapter: from_pretrained on this folder loads it and"
            " applies the adapter on top, a second time if it is the merged one",
            case.file("config.json"),
            "keep the merged model and the adapter in two folders",
        )


def _finding(code: str, message: str, file: str, help: str) -> Diagnostic:
    from loralint.rules import RULES  # all of them: too long to import where nothing is found

    return Diagnostic(
        code=code,
        name=next(rule.name for rule in RULES if rule.code == code),
        severity="error",
        message=message,
        place=Place(file, START),
        fix=Fix("display", help),
    )


def _is_stale(folder: AdapterFolder) -> bool:
    """Only times tell, and a checkout or a copy sets them anew: the save wrote both together."""
    if PICKLE not in folder.files:
        return False
    config, old, new = ((folder.path / name).stat().st_mtime for name in (CONFIG, WEIGHTS, PICKLE))
    return old + _MINUTE < new <= config + _MINUTE / 10


def _has_model(folder: AdapterFolder) -> bool:
    weights = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
               "pytorch_model.bin.index.json")  # fmt: skip
    return "config.json" in folder.files and any(name in folder.files for name in weights)


# --- header ---------------------------------------------------------------------------------------


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
            LOR501,
            "the file has no tensors: whatever loads it gets a freshly made adapter",
            file,
            help="save the PEFT model before `merge_and_unload()` or `unload()`, or not at all",
        )
    empty = folder.partitioned
    if empty:
        yield finding(
            LOR503,
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
                LOR502,
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
            LOR501,
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
        LOR516,
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
            LOR517,
            f"{CONFIG} has no {named}: PEFT takes its own default, whatever the training had",
            case.file(CONFIG),
            details=missing,
            help=f"write {named} of the training into {CONFIG}",
        )


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


# --- by names -------------------------------------------------------------------------------------


_RIGHT_BASE = "load the base and the revision that the adapter was trained on"


@dataclass
class Compared:
    """Modules of the adapter by what the base's files have of them."""

    fitting: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    differing: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return len(self.fitting) + len(self.missing) + len(self.differing)


def judge_by_names(case: Case, folder: AdapterFolder, what: str, reason: str) -> Checked:
    """Compare, and say what that shows of `what`, which `reason` keeps from being proved."""
    compared = _compare(case, folder)
    if compared is None:
        said = reason
    else:
        seen = f"{len(compared.fitting):,} of {count(compared.total, 'module')}"
        said = f"{reason}. By its files, {seen} of the adapter have a weight of that name and size"
    skipped = (Skipped(Place(case.file(CONFIG), START), what, said),)
    if compared is None:
        return Checked(skipped=skipped, decided=False)
    return Checked(2 * compared.total, _findings(case, compared), skipped, decided=False)


def _compare(case: Case, folder: AdapterFolder) -> Compared | None:
    """None where there are no files to compare with, or no modules to compare."""
    pairs = lora_pairs(folder)
    located = files.locate(case.base or "", case.revision)
    if located.folder is None or folder.peft_type != "LORA" or not pairs:
        return None
    try:
        entries = Checkpoint(located.folder).entries
    except UnusableInputError:  # pickled, or not all here
        return None
    # By module: a weight that GPTQ has packed is called otherwise.
    names = Names({f"{name.rpartition('.')[0]}.weight" for name in entries})
    found, rows = Compared(), _rows(located.folder)
    for module, sides in pairs.items():
        there = names.find(f"{module.removeprefix(PREFIX)}.weight")
        weight = entries.get(there or "")
        if there is None:
            found.missing.append(module)
        elif weight is None or _fits(sides, weight, rows, _is_embedding(folder, module)):
            found.fitting.append(module)
        else:
            found.differing[module] = _sizes(sides, weight)
    return found


def _rows(folder: Path) -> frozenset[int]:
    """How many rows the base's tables of tokens have, by its config.json."""
    try:
        config = json.loads((folder / files.CONFIG).read_bytes())
    except (OSError, ValueError):
        return frozenset()
    parts = [config, *config.values()] if isinstance(config, dict) else []
    sizes = (one.get("vocab_size") for one in parts if isinstance(one, dict))
    return frozenset(one for one in sizes if isinstance(one, int))


def _is_embedding(folder: AdapterFolder, module: str) -> bool:
    """Whether PEFT has put the adapter on a table: it calls the halves otherwise there."""
    return f"{module}.lora_embedding_A" in folder.shapes


def _fits(
    sides: Mapping[str, Shape], weight: Entry, rows: frozenset[int], is_embedding: bool
) -> bool:
    """Whether A and B are for a weight of this shape; quantised ones keep theirs to themselves."""
    a, b, shape = sides.get("A", ()), sides.get("B", ()), weight.shape
    if len(a) < 2 or len(b) < 2 or len(shape) < 2 or weight.dtype not in FLOATS:
        return True
    if len(a) > 2:  # a convolution
        return shape[0] == b[0] and shape[1:] == a[1:]
    if len(shape) > 2:
        return True
    if is_embedding or shape[0] in rows:  # a table of tokens: more may have been added
        return shape[1] in (a[1], b[0])
    return shape in ((b[0], a[1]), (a[1], b[0]))  # Conv1D has it the other way round


def _sizes(sides: Mapping[str, Shape], weight: Entry) -> str:
    inner, outer = sides["A"][1:], sides["B"][0]
    return f"made for {outer} by {list(inner)}, and the base's weight is {list(weight.shape)}"


def _findings(case: Case, compared: Compared) -> tuple[Diagnostic, ...]:
    if compared.differing:
        differing = compared.differing
        message = (
            f"{count(len(differing), 'module')} of {compared.total:,} of the adapter are for other"
            f" sizes than those in the files of {case.base}, {where(list(differing))}; the first:"
            f" {next(iter(differing.values()))}"
        )
        details = [f"{short(name)}: {how}" for name, how in differing.items()]
        return (finding(LOR503, message, case.file(WEIGHTS), details=details, help=_RIGHT_BASE,
                        subject=case.base or ""),)  # fmt: skip
    if compared.missing and not compared.fitting:
        message = (
            f"none of the {count(compared.total, 'module')} of the adapter has a weight of its name"
            f" in the files of {case.base}: unless its code renames them, it is another base"
        )
        found = finding(LOR502, message, case.file(WEIGHTS), details=map(short, compared.missing),
                        help=f"{_RIGHT_BASE}, or let its code run with --trust-remote-code",
                        subject=case.base or "")  # fmt: skip
        return (msgspec.structs.replace(found, severity="warning"),)
    return ()
