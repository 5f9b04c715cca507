"""Merging again, as PEFT does it: by its own layers, in each way in which it rounds."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from loralint.verify.merge_tensor import Judged, judge

if TYPE_CHECKING:
    from torch import Tensor


# --- replay ---------------------------------------------------------------------------------------


LAYER = "layer"


class CannotReplayError(Exception):
    """This merge cannot be repeated; the message says why."""


@dataclass(frozen=True)
class Ingredients:
    """What a merge needs: the base's weight, the adapter's pieces, and how they are put together.

    `pieces` has lora_A, lora_B (or lora_embedding_A, lora_embedding_B), perhaps
    lora_magnitude_vector; shapes are those of PEFT's files. `scaling` is alpha over rank.
    """

    weight: Tensor
    pieces: dict[str, Tensor]
    scaling: float
    fan_in_fan_out: bool = False
    use_dora: bool = False

    @property
    def is_embedding(self) -> bool:
        return "lora_embedding_A" in self.pieces

    @property
    def rank(self) -> int:
        return int(self.pieces["lora_embedding_A" if self.is_embedding else "lora_A"].shape[0])


@dataclass(frozen=True)
class Way:
    """In which types a merge computes: of the base while merging, of the adapter; `safe` is
    PEFT's `safe_merge`, which rounds the update before it adds it.
    """

    base: Any
    adapter: Any
    safe: bool


def ways(stored: Any, merged: Any, adapter: Any) -> Iterator[Way]:
    """The ways in which people merge, the most common first.

    The base is loaded in the type of the result, or in another and cast when it is saved, up to
    float32 too, for tools that read no other; PEFT casts adapters to float32 unless it is told not
    to.
    """
    import torch

    halves = (torch.bfloat16, torch.float16) if merged == torch.float32 else ()
    bases = dict.fromkeys((merged, torch.float32, stored, *halves))
    adapters = dict.fromkeys((torch.float32, adapter, merged))
    for base in bases:
        for each in adapters:
            for safe in (False, True):
                yield Way(base, each, safe)


def merge(given: Ingredients, way: Way) -> Tensor:
    """The merged weight in the type of `way.base`; CannotReplayError where PEFT refuses."""
    layer = _layer(given, way)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layer.merge(safe_merge=way.safe)
    except (NotImplementedError, RuntimeError, ValueError) as error:
        raise CannotReplayError(f"PEFT does not merge it: {error}") from error
    found: Tensor = layer.get_base_layer().weight.data
    return found


def _layer(given: Ingredients, way: Way) -> Any:
    """PEFT's layer around a base layer that holds the weight, with the adapter's pieces in it."""
    import torch
    from peft import LoraConfig, inject_adapter_in_model

    holder = torch.nn.Module()
    setattr(holder, LAYER, _base_layer(given, way.base))
    config = LoraConfig(
        r=given.rank,
        lora_alpha=1,
        target_modules=[LAYER],
        use_dora=given.use_dora,
        fan_in_fan_out=given.fan_in_fan_out,
        init_lora_weights=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            inject_adapter_in_model(config, holder)
        except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
            raise CannotReplayError(f"PEFT has no layer for it: {error}") from error
    layer = getattr(holder, LAYER).eval()
    for name, tensor in given.pieces.items():
        _fill(layer, name, tensor.to(way.adapter))
    layer.scaling["default"] = given.scaling
    return layer


def _base_layer(given: Ingredients, dtype: Any) -> Any:
    import torch
    from torch import nn

    weight = given.weight.to(dtype).clone()
    shape = tuple(weight.shape)
    layer: Any
    if given.is_embedding:
        layer = nn.Embedding(shape[0], shape[1], device="meta")
    elif weight.ndim == 2 and given.fan_in_fan_out:
        from transformers.pytorch_utils import Conv1D

        with torch.device("meta"):
            layer = Conv1D(shape[1], shape[0])
    elif weight.ndim == 2:
        layer = nn.Linear(shape[1], shape[0], bias=False, device="meta")
    elif weight.ndim in (3, 4, 5):
        kind = {3: nn.Conv1d, 4: nn.Conv2d, 5: nn.Conv3d}[weight.ndim]
        layer = kind(shape[1], shape[0], shape[2:], bias=False, device="meta")
    else:
        raise CannotReplayError(f"a weight with {weight.ndim} dimensions")
    layer.weight = nn.Parameter(weight, requires_grad=False)
    layer.bias = None
    return layer


def _fill(layer: Any, name: str, tensor: Tensor) -> None:
    from torch import nn

    holder = getattr(layer, name)["default"]
    plain = nn.Parameter(tensor, requires_grad=False)
    if isinstance(holder, nn.Parameter):
        getattr(layer, name)["default"] = plain
    else:
        holder.weight = plain


def quantised(weight: Tensor, dtype: Any, kind: str, *, double: bool) -> Tensor:
    """What a weight is after it was loaded in 4 or 8 bits and made plain again."""
    import torch
    from bitsandbytes import functional

    plain = weight.to(dtype).contiguous()
    found: Tensor
    if kind == "int8":  # a row at a time, from float16 whatever the model's type is
        packed, scales, _ = functional.int8_vectorwise_quant(plain.to(torch.float16))
        found = functional.int8_vectorwise_dequant(packed, scales)
    else:
        packed, state = functional.quantize_4bit(
            plain, blocksize=64, compress_statistics=double, quant_type=kind
        )
        found = functional.dequantize_4bit(packed, state)
    return found.to(dtype)


# --- merge quantised ------------------------------------------------------------------------------


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
                told = (
                    f"it is that of a base in {one.mode.kind} that was made plain again,"
                    " but for a rounding that is not repeated here"
                )
                return Judged("open", told, by_rounding=True)
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
