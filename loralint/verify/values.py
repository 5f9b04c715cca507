"""The file's tensors against the loaded ones, bit by bit, in one pass over the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

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
