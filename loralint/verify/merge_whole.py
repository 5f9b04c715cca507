"""A merge that is not replayed tensor by tensor: PEFT merges the whole model again, in memory.

For every type that PEFT merges and for models whose tensors transformers renames when it loads
them. It needs the memory for two models; the streamed replay needs it for one tensor.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from loralint.verify.adapter import everything, load_adapter
from loralint.verify.case import DTYPES, Case
from loralint.verify.checkpoint import Checkpoint
from loralint.verify.folder import AdapterFolder
from loralint.verify.loading import load_base
from loralint.verify.merge_tensor import near
from loralint.verify.offload import give_back
from loralint.verify.outcome import RefusedError, UndecidedError
from loralint.verify.weights_file import DTYPE_NAMES

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class Whole:
    """What came of it, by the names of the model; `changed` tensors are moved by the merge."""

    exact: int = 0
    rounded: list[str] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)
    changed: int = 0


def merge_again(case: Case, folder: AdapterFolder, merged: Path, model: Checkpoint) -> Whole:
    """Compare a merged model with PEFT's own merge; UndecidedError where that cannot be made."""
    size = sum(one.size for one in model.entries.values())
    if (free := _free()) is not None and 3 * size > free:
        raise UndecidedError(
            f"merging the whole model again needs about {3 * size:,} bytes of memory, and"
            f" {free:,} are free"
        )
    dtype = _dtype(model)
    theirs = everything(_loaded(case, folder, dtype, base=str(merged), revision=None))
    found: Whole | None = None
    for each in dict.fromkeys((dtype, "float32")):
        one = _compared(*_merged(case, folder, each), theirs)
        if found is None or len(one.wrong) < len(found.wrong):
            found = one
        if not found.wrong:
            break
        give_back()
    assert found is not None
    return found


def _loaded(case: Case, folder: AdapterFolder, dtype: str, **changes: Any) -> Any:
    plain = {"quantization": "none", "dtype": dtype, "device": "cpu", **changes}
    return load_base(msgspec.structs.replace(case, **plain), folder).model


def _merged(
    case: Case, folder: AdapterFolder, dtype: str
) -> tuple[Mapping[str, Tensor], frozenset[str]]:
    """The tensors of the base with the adapter merged into it, and the names of those it moves."""
    base = _loaded(case, folder, dtype)
    before = {name: tensor.detach().clone() for name, tensor in everything(base).items()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            after = everything(load_adapter(base, folder).merge_and_unload())
    except (RefusedError, UndecidedError):
        raise
    except Exception as error:  # what PEFT and torch raise where something cannot be merged
        text = " ".join(str(error).split())[:200]
        raise UndecidedError(f"PEFT does not merge it: {text}") from error
    changed = (name for name, tensor in after.items()
               if name not in before or not _equal(before[name], tensor))  # fmt: skip
    return after, frozenset(changed)


def _compared(
    ours: Mapping[str, Tensor], changed: frozenset[str], theirs: Mapping[str, Tensor]
) -> Whole:
    found = Whole(changed=len(changed))
    for name, tensor in ours.items():
        there = theirs.get(name)
        if there is None or there.shape != tensor.shape:
            found.wrong[name] = "the merged model has it not, or in another shape"
        elif _equal(tensor.to(there.dtype), there):
            found.exact += 1
        elif near(there, tensor.to(there.dtype)):
            found.rounded.append(name)
        elif name in changed:
            found.wrong[name] = "it is not what merging the adapter gives"
        else:
            found.wrong[name] = "no adapter is on it, and it is not the base's"
    return found


def _equal(one: Tensor, other: Tensor) -> bool:
    import torch

    return one.shape == other.shape and bool(torch.equal(one.to(other.dtype), other))


def _dtype(model: Checkpoint) -> str:
    """The type of most of the merged model's numbers."""
    sizes: dict[str, int] = {}
    for one in model.entries.values():
        sizes[one.dtype] = sizes.get(one.dtype, 0) + one.size
    name = DTYPE_NAMES.get(max(sizes, key=lambda kind: sizes[kind], default="F32"), "")
    if name not in DTYPES:
        raise UndecidedError("the merged model is quantised, and rounded again after the merge")
    return name


def _free() -> int | None:
    """The memory that is free, in bytes; None where the system does not say."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
