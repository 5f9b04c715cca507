"""Merges into a base that was loaded in 4 or 8 bits and made plain again.

What quantising does to a weight is a fingerprint: its error. A merged tensor that lacks the base by
another error was not made that way, which costs one subtraction to see and no merge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from loralint.verify.merge_tensor import Judged, judge
from loralint.verify.replay import Ingredients, Way, merge, quantised, ways

if TYPE_CHECKING:
    from torch import Tensor

KINDS = (("nf4", True), ("nf4", False), ("fp4", False), ("fp4", True), ("int8", False))
"""Type and double quantisation, the most common first."""

LIKELY = 0.5
"""The largest share of the error that may be left over for a kind to be tried at all."""

ROUNDING = 0.05
"""The largest share of the error, and of the update, that another machine's rounding explains."""

ENOUGH = 4
"""After so many tensors that no kind explains, the base was none of these: no more are tried."""


@dataclass(frozen=True)
class Mode:
    """How a base was loaded before it was made plain again; `dtype` is torch's, of the load."""

    kind: str
    double: bool
    dtype: Any

    def plain(self, weight: Tensor) -> Tensor:
        """The weight after that, in the type of the load."""
        return quantised(weight, self.dtype, self.kind, double=self.double)


@dataclass(frozen=True)
class _Try:
    """The size of a mode's error, and of what that does not explain of what is left."""

    mode: Mode
    error: float
    rest: float


class PlainAgain:
    """Judges tensors as such a base gives them; `mode` is the one that fitted last, to the bit."""

    def __init__(self) -> None:
        self.mode: Mode | None = None
        self._failures = 0

    def untouched(self, base: Tensor, found: Tensor) -> Judged | None:
        """A weight that no adapter is on; None where it is none of a base made plain again."""
        import torch

        left = found.float() - base.float()
        tried: list[_Try] = []
        for mode in self._likely(base, left, found, tried):
            if torch.equal(mode.plain(base).to(found.dtype), found):
                return self._found(mode, Judged("exact"))
        return self._nearly(tried, found)

    def merged(self, given: Ingredients, found: Tensor, half: bool) -> Judged | None:
        """A weight that an adapter was merged into; None as above. `half` is for `judge`."""
        import torch

        adapter = next(iter(given.pieces.values())).dtype
        first = merge(given, Way(torch.float32, torch.float32, safe=False))
        left = found.float() - first
        near = None
        tried: list[_Try] = []
        for mode in self._likely(given.weight, left, found, tried):
            again = replace(given, weight=mode.plain(given.weight))
            replays = (merge(again, way).to(found.dtype)
                       for way in ways(mode.dtype, found.dtype, adapter))  # fmt: skip
            judged = judge(found, again.weight.to(found.dtype), replays, half)
            if judged.verdict == "exact":
                return self._found(mode, judged)
            near = judged if judged.verdict == "rounded" else near
        update = float((first - given.weight.float()).norm())
        return near or self._nearly(tried, found, update)

    def _found(self, mode: Mode, judged: Judged) -> Judged:
        self.mode = mode
        return judged

    def _likely(
        self, weight: Tensor, left: Tensor, found: Tensor, tried: list[_Try]
    ) -> Iterator[Mode]:
        """The modes whose error is what is left of a tensor without base and update.

        What was measured of each goes to `tried`, all of them where none is taken.
        """
        if self._failures >= ENOUGH:
            return
        if self.mode is not None:
            yield self.mode
        for mode in _modes(weight, found):
            one = _tried(mode, weight, left)
            tried.append(one)
            if one.rest <= LIKELY * one.error + _noise(found, mode) and mode != self.mode:
                yield mode

    def _nearly(
        self, tried: Sequence[_Try], found: Tensor, update: float | None = None
    ) -> Judged | None:
        """A tensor that only rounding keeps from being one: that cannot be decided."""
        if self._failures >= ENOUGH:
            return None
        for one in tried:
            small = ROUNDING * min(one.error, one.error if update is None else update)
            if one.rest <= small + _noise(found, one.mode) < one.error:
                return Judged("open", f"it is that of a base in {one.mode.kind} that was made plain"
                              " again, but for a rounding that is not repeated here")  # fmt: skip
        self._failures += self.mode is None
        return None


def _modes(weight: Tensor, found: Tensor) -> Iterator[Mode]:
    """Every kind in every type in which the base may have been loaded."""
    import torch

    types = dict.fromkeys((found.dtype, weight.dtype, torch.float32, torch.bfloat16, torch.float16))
    for kind, double in KINDS:
        for dtype in types:
            yield Mode(kind, double, dtype)


def _tried(mode: Mode, weight: Tensor, left: Tensor) -> _Try:
    error = mode.plain(weight).float() - weight.float()
    return _Try(mode, float(error.norm()), float((left - error).norm()))


def _noise(found: Tensor, mode: Mode) -> float:
    """What rounding the result leaves, about: half a step of each entry, at random."""
    import torch

    step = max(float(torch.finfo(dtype).eps) for dtype in (found.dtype, mode.dtype))
    return float(found.float().norm()) * step / 4
