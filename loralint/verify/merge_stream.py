"""The common merge, streamed: a few rows of base and result at a time, and the rows of B that
belong to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from loralint.verify import merge_parts
from loralint.verify.checkpoint import Checkpoint
from loralint.verify.folder import DTYPE_NAMES, AdapterFolder
from loralint.verify.merge_parts import Part

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

AHEAD = 64 << 20
"""How far ahead the system is told what will be read: that is its page cache, not our memory."""

BYTES = 4 << 20
"""How much is read at a time: what a core has just read should still be in its cache."""


def dtype_of(name: str) -> Any:
    """The type of torch for one of safetensors."""
    import torch

    return getattr(torch, DTYPE_NAMES[name])


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread: the pieces are small, and threads that wait for one another spin.

    On a busy machine with two cores that costs five times the time.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class Streamed:
    """A plain linear merge in PEFT's usual way: the names of its tensors, and the factor."""

    base: str
    merged: str
    a: str
    b: str
    scaling: float

    @staticmethod
    def plan(
        folder: AdapterFolder, part: Part, base: Checkpoint, source: str, model: Checkpoint,
        name: str,
    ) -> Streamed | None:  # fmt: skip
        """The merge, if it is one; None for what PEFT's own layers have to replay."""
        config, entry = folder.config, base.entries[source]
        plain = part.pieces.keys() == {"lora_A", "lora_B"} and not config.get("fan_in_fan_out")
        if not plain or len(entry.shape) != 2 or entry.dtype != model.entries[name].dtype:
            return None
        a, b = (folder.shapes[part.pieces[one]] for one in ("lora_A", "lora_B"))
        if len(a) != 2 or (b[0], a[1]) != entry.shape or a[0] != b[1]:
            return None
        factor = merge_parts.scaling(folder, part.module, a[0])
        return Streamed(source, name, part.pieces["lora_A"], part.pieces["lora_B"], factor)


def streamed(
    plan: Streamed, adapter: Checkpoint, base: Checkpoint, model: Checkpoint
) -> bool | None:
    """Whether merging changes anything, where the result is exact to the last bit; else None.

    PEFT adds `(B @ A) * scaling` in float32 to the weight, and rounds the sum once.
    """
    import torch

    a = adapter.tensor(plan.a).float()
    b = adapter.tensor(plan.b).float()
    entry = base.entries[plan.base]
    step = max(1, BYTES // max(1, entry.row))
    changed = False
    delta, wide = (torch.empty((min(step, entry.shape[0]), entry.shape[1])) for _ in range(2))
    for first, last, weight, found in _read_ahead(plan, base, model, step):
        update = torch.mm(b[first:last], a, out=delta[: last - first]).mul_(plan.scaling)
        # Widened first: adding two types in one step takes PyTorch twice as long.
        expected = update.add_(wide[: last - first].copy_(weight)).to(weight.dtype)
        if not _equal(expected, found):
            return None
        changed = changed or not _equal(expected, weight)
    return changed


def _read_ahead(
    plan: Streamed, base: Checkpoint, model: Checkpoint, step: int
) -> Iterator[tuple[int, int, Tensor, Tensor]]:
    """Rows of base and result; the next ones are read while those before are computed with."""
    total = base.entries[plan.base].shape[0]

    def read(first: int) -> tuple[int, int, Tensor, Tensor]:
        last, slot = min(first + step, total), first // step % 2
        weight = base.rows(plan.base, first, last, slot)
        return first, last, weight, model.rows(plan.merged, first, last, slot)

    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(read, 0)
        for first in range(0, total, step):
            here = coming.result()
            if first + step < total:
                coming = reader.submit(read, first + step)
            yield here


def foreseen(
    items: Sequence[T], size: Callable[[T], int], expect: Callable[[T], None]
) -> Iterator[T]:
    """The items in order, each after `expect` was called for it and the AHEAD bytes after it.

    The disk is kept busy across the borders of tensors, and base and result take turns on it.
    """
    told = outstanding = 0
    for number, item in enumerate(items):
        while told < len(items) and (told <= number or outstanding < AHEAD):
            expect(items[told])
            outstanding += size(items[told])
            told += 1
        yield item
        outstanding -= size(item)


def _equal(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are equal: by their bits, which is fast, else by value (-0.0 is 0.0)."""
    import numpy
    import torch

    bits = (tensor.reshape(-1).view(torch.uint8).numpy() for tensor in (one, other))
    return bool(numpy.array_equal(*map(_words, bits))) or bool(torch.equal(one, other))


def _words(raw: Any) -> Any:
    """Bytes in groups of eight, where there are whole ones: compared so much faster."""
    return raw.view("<u8") if raw.size % 8 == 0 else raw


def same_tensor(one: Checkpoint, name: str, other: Checkpoint, named: str) -> bool:
    """Whether two tensors are equal, the first cast to the type of the second."""
    ours, theirs = one.entries[name], other.entries[named]
    if ours.shape != theirs.shape:
        return False
    if ours.dtype == theirs.dtype:
        return _same_bytes(one, name, other, named, ours.size)
    return _same_values(one.tensor(name), other.tensor(named))


def _same_bytes(one: Checkpoint, name: str, other: Checkpoint, named: str, size: int) -> bool:
    import numpy

    for at in range(0, size, BYTES):
        end = min(at + BYTES, size)
        ours, theirs = (
            _words(numpy.frombuffer(raw, dtype="u1"))
            for raw in (one.raw(name, at, end), other.raw(named, at, end))
        )
        if not numpy.array_equal(ours, theirs):
            return False
    return True


def _same_values(ours: Tensor, theirs: Tensor) -> bool:
    """In any of the types in which it may have been held between the two files."""
    import torch

    between = (theirs.dtype, torch.float32, torch.bfloat16, torch.float16)
    return any(torch.equal(ours.to(one).to(theirs.dtype), theirs) for one in between)
