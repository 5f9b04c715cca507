"""The adapter's modules against the names in the base's files: what is left without its code.

A model builds its modules as it likes: that names and shapes are there proves nothing, but a weight
of that name and of another shape is another base.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify import base_files
from loralint.verify.base import PREFIX
from loralint.verify.case import Case
from loralint.verify.checkpoint import FLOATS, Checkpoint, Entry
from loralint.verify.codes import finding
from loralint.verify.folder import CONFIG, WEIGHTS, AdapterFolder
from loralint.verify.header import Shape, lora_pairs
from loralint.verify.merge_parts import Names
from loralint.verify.outcome import Checked, UnusableInputError
from loralint.verify.wording import count, short, where

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


def judge(case: Case, folder: AdapterFolder, what: str, reason: str) -> Checked:
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
    located = base_files.locate(case.base or "", case.revision)
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
        config = json.loads((folder / base_files.CONFIG).read_bytes())
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
        return (finding("LOR503", message, case.file(WEIGHTS), details=details, help=_RIGHT_BASE,
                        subject=case.base or ""),)  # fmt: skip
    if compared.missing and not compared.fitting:
        message = (
            f"none of the {count(compared.total, 'module')} of the adapter has a weight of its name"
            f" in the files of {case.base}: unless its code renames them, it is another base"
        )
        found = finding("LOR502", message, case.file(WEIGHTS), details=map(short, compared.missing),
                        help=f"{_RIGHT_BASE}, or let its code run with --trust-remote-code",
                        subject=case.base or "")  # fmt: skip
        return (msgspec.structs.replace(found, severity="warning"),)
    return ()
