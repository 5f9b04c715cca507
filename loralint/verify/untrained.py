"""LOR507: tensors of the file that no training, or a broken one, leaves behind."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Diagnostic
from loralint.verify.case import Case
from loralint.verify.codes import finding
from loralint.verify.folder import WEIGHTS, AdapterFolder
from loralint.verify.header import lora_pairs
from loralint.verify.values import Values
from loralint.verify.wording import count, short, where

_ENDINGS = (".lora_A", ".lora_B", ".lora_embedding_A", ".lora_embedding_B")


def untrained(case: Case, folder: AdapterFolder, seen: Values) -> Iterator[Diagnostic]:
    """Every module adds zero, or some values are no numbers."""
    if seen.not_finite:
        names = seen.not_finite
        yield finding(
            "LOR507",
            f"{count(len(names))} of {len(folder.tensors):,} hold NaN or infinity, {where(names)}",
            case.file(WEIGHTS),
            details=map(short, names),
            help="go back to a checkpoint from before the loss became NaN",
        )
    modules = lora_pairs(folder)
    zero = {_module(name) for name in seen.zero} & set(modules)
    if modules and len(zero) == len(modules):
        yield finding(
            "LOR507",
            f"{_halves(seen.zero)} is zero in all {count(len(modules), 'module')}: the adapter was"
            " never trained, and adds nothing anywhere",
            case.file(WEIGHTS),
            details=map(short, seen.zero),
            help="see that gradients reach the adapter (enable_input_require_grads with gradient"
            " checkpointing), and that the save gathers partitioned weights",
        )


def partly_untrained(folder: AdapterFolder, seen: Values) -> tuple[str, ...]:
    """The modules that add zero though others do not: odd, and no proof of a fault."""
    modules = lora_pairs(folder)
    zero = {_module(name) for name in seen.zero} & set(modules)
    return tuple(sorted(zero)) if 0 < len(zero) < len(modules) else ()


def _module(name: str) -> str:
    plain = name.removesuffix(".weight")
    for ending in _ENDINGS:
        if plain.endswith(ending):
            return plain.removesuffix(ending)
    return ""


def _halves(names: list[str]) -> str:
    halves = sorted({name.removesuffix(".weight").rpartition(".")[2] for name in names})
    return " or ".join(half for half in halves if half.startswith("lora_"))
