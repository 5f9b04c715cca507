"""One merged tensor against the replays of its merge: exact, to rounding, wrong, or undecided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Verdict = Literal["exact", "rounded", "wrong", "open"]

HALF_SHARE = 1e-3
"""In half precision, the share of entries that another order of float32 sums may tip over to the
next number. Measured on a merge that is only 0.1 % too strong: 0.2."""

HALF_ADAPTER_SHARE = 0.10
"""The same where the adapter itself was in half precision on a GPU, which nobody can replay."""

ENTRY = 64
"""In float32, the error of one entry in units of the last place of the largest update."""

FULL_SHARE = 1e-4
"""In float32, the error that another order of sums leaves, as a share of the update."""


@dataclass(frozen=True)
class Judged:
    """What is to be said of a tensor; `traceless` tells that merging changes no bit of it.

    `by_rounding` tells of one left open that it is near, or quantised: no other merge decides it.
    """

    verdict: Verdict
    reason: str = ""
    traceless: bool = False
    by_rounding: bool = False


def judge(merged: Tensor, base: Tensor, replays: Iterable[Tensor], half_adapter: bool) -> Judged:
    """Compare a merged tensor with each replay; the first that is equal to the last bit decides.

    `base` is the weight before the merge, in the type of the result, and so are the replays.
    `half_adapter` tells that the adapter's file is in half precision.
    """
    import torch

    first = None
    for replay in replays:
        if torch.equal(replay, merged):
            return Judged("exact", traceless=bool(torch.equal(replay, base)))
        first = replay if first is None else first
    if first is None:
        return Judged("open", "there is no way to replay it")
    return _unequal(merged, base, first, half_adapter)


def _unequal(merged: Tensor, base: Tensor, replay: Tensor, half_adapter: bool) -> Judged:
    import torch

    if not bool(torch.isfinite(merged).all()):
        return Judged("wrong", "it has NaN or infinity")
    if torch.equal(merged, base):
        return Judged("wrong", "it is the base's own: the adapter was not merged into it")
    update = replay.double() - base.double()
    apart = merged.double() - replay.double()
    if merged.dtype == torch.float32:
        if _is_reordered(apart, update, base.double(), replay.double()):
            return Judged("rounded")
    else:
        share = float((merged != replay).double().mean())
        near = _within_a_step(merged, replay)
        if near and share <= HALF_SHARE:
            return Judged("rounded")
        if near and half_adapter and share <= HALF_ADAPTER_SHARE:
            reason = "a GPU merges a half-precision adapter in an order that cannot be replayed"
            told = f"{share:.1%} of it differ by rounding: {reason}"
            return Judged("open", told, by_rounding=True)
    return Judged("wrong", _how(merged.double() - base.double(), update))


def _is_reordered(apart: Tensor, update: Tensor, base: Tensor, replay: Tensor) -> bool:
    """Whether float32 sums in another order explain the difference, of each entry and of all."""
    import torch

    eps = torch.finfo(torch.float32).eps
    limit = 4 * eps * replay.abs() + ENTRY * eps * float(update.abs().max())
    if bool((apart.abs() > limit).any()):
        return False
    floor, size = 4 * eps * float(base.norm()), float(update.norm())
    return bool(float(apart.norm()) <= floor + FULL_SHARE * size and size > 10 * floor)


def _within_a_step(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors differ by no more than one representable number anywhere."""
    import torch

    step = torch.finfo(one.dtype).eps * torch.maximum(one.abs(), other.abs()).double()
    floor = torch.finfo(one.dtype).tiny
    return bool(((one.double() - other.double()).abs() <= step + floor).all())


def _how(found: Tensor, update: Tensor) -> str:
    """What was added in place of the update, in words: a hypothesis, from how alike they are."""
    power = float((update * update).sum())
    if power == 0.0:
        return "the adapter changes nothing here, and it is changed"
    factor = float((found * update).sum()) / power
    rest = float((found - factor * update).norm()) / float(found.norm() or 1.0)
    if rest < 0.05:
        if abs(factor + 1) < 0.01:
            return "the adapter was subtracted in place of added"
        if abs(factor - round(factor)) < 0.01 and round(factor) > 1:
            return f"the adapter was merged {round(factor)} times"
        return f"the adapter was merged with {factor:.4g} times its scaling"
    likeness = abs(factor) * float(update.norm()) / float(found.norm() or 1.0)
    return f"what was added is not the adapter's update (they are alike to {likeness:.0%})"


def near(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors differ by no more than the order of their sums explains."""
    import torch

    if one.dtype == torch.float32:
        apart = (one.double() - other.double()).abs()
        limit = ENTRY * torch.finfo(torch.float32).eps * float(other.abs().max() or 1.0)
        return bool((apart <= limit).all())
    share = float((one != other).double().mean())
    return _within_a_step(one, other) and share <= HALF_SHARE
