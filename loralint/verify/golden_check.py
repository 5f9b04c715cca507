"""Golden logits recorded when the adapter was saved, against what the model answers now."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loralint.contract import Golden
from loralint.verify import golden

if TYPE_CHECKING:
    from torch import Tensor

TOLERANCE = 0.15
"""The largest mean difference, as a share of the adapter's own effect, that another dtype, device
or library version explains. Measured: 0.105 for bfloat16 in place of float32; 0.21 for a base
whose weights move by 1 % of their spread; 0.4 to 1 for another quantisation or a lost adapter."""

FULL = 0.02
"""The same where both loads compute in float32: the order of a sum moves no more than that."""


@dataclass(frozen=True, slots=True)
class Distance:
    """How far the answers are from the recorded ones.

    `exact` means equal to the last bit, in every entry. `share` is the mean difference divided
    by the adapter's recorded effect; `largest` the largest difference, absolute. `shape` tells
    that there is nothing to subtract: the model answers in another shape.
    """

    exact: bool
    share: float = 0.0
    largest: float = 0.0
    shape: str = ""

    def within(self, tolerance: float) -> bool:
        """Whether the answers are the recorded ones, give or take rounding."""
        return self.exact or (not self.shape and self.share <= tolerance)


def measure(model: Any, recorded: Golden) -> Distance:
    """Ask a model, adapter on, for what was recorded; `NoAnswerError` where it cannot be asked."""
    rows = golden.table_size(model)
    if max(max(row) for row in recorded.token_ids) >= rows:
        return Distance(exact=False, shape=f"it knows {rows:,} tokens only")
    with golden.quiet(model):
        output, logits = golden.answers(model, recorded.token_ids)
    if output != recorded.output:
        return Distance(exact=False, shape=f"it gives {output} in place of {recorded.output}")
    return _distance(logits, recorded)


def _distance(logits: Tensor, recorded: Golden) -> Distance:
    if golden.digest(logits) == recorded.sha256:
        return Distance(exact=True)
    here = (logits.shape[0], logits.shape[1], len(golden.chosen_columns(logits.shape[-1])))
    if here != recorded.shape or golden.chosen_columns(logits.shape[-1]) != recorded.columns:
        return Distance(exact=False, shape=f"its answers have the shape {tuple(logits.shape)}")
    now = logits[..., list(recorded.columns)].float()
    then = values(recorded)
    apart = (now - then).abs()
    scale = recorded.effect or float(then.std()) or 1.0
    share = float(apart.mean()) / scale
    if not math.isfinite(share):
        return Distance(exact=False, shape="it gives NaN or infinity")
    return Distance(exact=False, share=share, largest=float(apart.max()))


def values(recorded: Golden) -> Tensor:
    """The recorded values as a tensor of their shape."""
    import torch

    flat = torch.frombuffer(bytearray(recorded.values), dtype=torch.float32)
    return flat.reshape(recorded.shape)
