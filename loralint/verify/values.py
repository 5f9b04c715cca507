"""The file's tensors against the loaded ones, bit by bit, in one pass over the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from loralint.diagnostics import Diagnostic
from loralint.verify.case import Case
from loralint.verify.codes import LOR507, finding
from loralint.verify.folder import WEIGHTS, AdapterFolder
from loralint.verify.header import lora_pairs
from loralint.verify.result import count, short, where

# --- values ---------------------------------------------------------------------------------------


Look: TypeAlias = Callable[[str, Any], None]
Sameness: TypeAlias = Literal["same", "rounded", "meta", "differs"]


@dataclass
class Values:
    """What the pass has seen: names of the file's tensors, by what is the matter with them."""

    compared: int = 0
    differing: dict[str, str] = field(default_factory=dict)
    rounded: dict[str, str] = field(default_factory=dict)
    not_finite: list[str] = field(default_factory=list)
    zero: list[str] = field(default_factory=list)


class FileTensors:
    """The tensors of a safetensors file, one at a time: never two in memory at once.

    `look` sees each of them on the way, so that two questions need no second pass.
    """

    def __init__(self, path: Path, look: Look | None = None) -> None:
        self._path = path
        self._look = look

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        from safetensors import safe_open

        with safe_open(str(self._path), framework="pt") as file:
            for name in file.keys():  # noqa: SIM118  (the handle is no mapping)
                tensor = file.get_tensor(name)
                if self._look is not None:
                    self._look(name, tensor)
                yield name, tensor


def compare(tensors: Any, live: Mapping[str, Any]) -> Values:
    """Compare pairs of name and tensor with the loaded tensors of those names.

    Names that the model does not have are looked at for zeros and infinities all the same.
    """
    seen = Values()
    for name, ours in tensors:
        _look_at(name, ours, seen)
        if name in live:
            seen.compared += 1
            _judge(name, ours, live[name], seen)
    return seen


def _look_at(name: str, tensor: Any, seen: Values) -> None:
    import torch

    if tensor.is_floating_point() and not bool(torch.isfinite(tensor.float()).all()):
        seen.not_finite.append(name)
    elif tensor.numel() and not bool(tensor.any()):
        seen.zero.append(name)


def _judge(name: str, ours: Any, theirs: Any, seen: Values) -> None:
    found, detail = sameness(ours, theirs)
    if found == "rounded":
        seen.rounded[name] = detail
    elif found != "same":
        seen.differing[name] = detail


def sameness(ours: Any, theirs: Any) -> tuple[Sameness, str]:
    """How a loaded tensor relates to the file's: the file's is cast to the loaded type first."""
    import torch

    if theirs.is_meta:
        return "meta", "is on the meta device: it has no values"
    if ours.shape != theirs.shape:
        return "differs", f"{list(ours.shape)} in the file, {list(theirs.shape)} in the model"
    theirs = theirs.detach().cpu()
    wanted = ours.to(theirs.dtype)
    if same_bits(wanted, theirs):
        return "same", ""
    for narrow in (torch.bfloat16, torch.float16):
        if same_bits(ours.to(narrow).to(theirs.dtype), theirs):
            return "rounded", f"{_name(ours)} in the file, rounded to {narrow} on the way"
    return "differs", _difference(wanted, theirs)


def same_bits(one: Any, other: Any) -> bool:
    """Whether two tensors of one type are equal to the last bit, NaN included."""
    import torch

    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if torch.equal(one, other):  # much the fastest; -0.0 and 0.0 are one value
        return True
    raw = (tensor.contiguous().reshape(-1).view(torch.uint8) for tensor in (one, other))
    return bool(torch.equal(*raw))


def _difference(wanted: Any, found: Any) -> str:
    apart = (wanted.float() - found.float()).abs()
    changed = int((wanted != found).sum())
    return (
        f"{changed:,} of {wanted.numel():,} values differ, by up to {float(apart.max()):.3g}"
        f" (the file's largest is {float(wanted.float().abs().max()):.3g})"
    )


def _name(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")


# --- untrained ------------------------------------------------------------------------------------


_ENDINGS = (".lora_A", ".lora_B", ".lora_embedding_A", ".lora_embedding_B")


def untrained(case: Case, folder: AdapterFolder, seen: Values) -> Iterator[Diagnostic]:
    """Every module adds zero, or some values are no numbers."""
    if seen.not_finite:
        names = seen.not_finite
        yield finding(
            LOR507,
            f"{count(len(names))} of {len(folder.tensors):,} hold NaN or infinity, {where(names)}",
            case.file(WEIGHTS),
            details=map(short, names),
            help="go back to a checkpoint from before the loss became NaN",
        )
    modules = lora_pairs(folder)
    zero = {_module(name) for name in seen.zero} & set(modules)
    if modules and len(zero) == len(modules):
        yield finding(
            LOR507,
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
