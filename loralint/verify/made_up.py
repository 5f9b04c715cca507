"""Input for a model that takes no token ids alone: noise of the sizes in its configuration."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

SAMPLES = 4000
"""A quarter of a second of sound, at the usual rate."""


ROWS, LENGTH = 2, 16


def token_ids(vocabulary: int) -> tuple[tuple[int, ...], ...]:
    """The fixed token ids for a vocabulary of this size: spread over it, the same everywhere."""
    strides = (7919, 104_729)
    return tuple(
        tuple((1 + row + position * stride) % vocabulary for position in range(LENGTH))
        for row, stride in enumerate(strides[:ROWS])
    )


def takes(model: Any, name: str) -> bool:
    """Whether a model's forward has an argument of that name."""
    return name in inspect.signature(model.forward).parameters


def noise(model: Any) -> dict[str, Tensor] | None:
    """Arguments for a model of images, of sound or of both and text; None where sizes are unknown.

    Its own main input has to be among them.
    """
    found = {
        name: made
        for name, make in _MAKERS.items()
        if takes(model, name) and (made := make(model.config)) is not None
    }
    return found if getattr(model, "main_input_name", "") in found else None


def _pixels(config: Any) -> Tensor | None:
    import torch

    sizes = _with(config, "image_size")
    if sizes is None:
        return None
    size = sizes.image_size
    height, width = size if isinstance(size, (list, tuple)) else (size, size)
    shape = (1, getattr(sizes, "num_channels", 3), height, width)
    return torch.randn(shape, generator=_seeded())


def _features(config: Any) -> Tensor | None:
    """A spectrogram as long as the model's table of positions: Whisper takes no other."""
    import torch

    if not hasattr(config, "num_mel_bins") or not hasattr(config, "max_source_positions"):
        return None
    shape = (1, config.num_mel_bins, 2 * config.max_source_positions)
    return torch.randn(shape, generator=_seeded())


def _sound(config: Any) -> Tensor | None:
    import torch

    if hasattr(config, "num_mel_bins") and hasattr(config, "max_length"):  # AST: a spectrogram
        return torch.randn((1, config.max_length, config.num_mel_bins), generator=_seeded())
    return torch.randn((1, SAMPLES), generator=_seeded())


def _tokens(config: Any) -> Tensor | None:
    import torch

    sizes = _with(config, "vocab_size")
    return None if sizes is None else torch.tensor([token_ids(sizes.vocab_size)[0]])


def _with(config: Any, key: str) -> Any:
    """The configuration that has a key: the model's, or that of one of its parts."""
    parts = (config, *(getattr(config, name, None) for name in ("text_config", "vision_config")))
    return next((one for one in parts if getattr(one, key, None) is not None), None)


def _seeded() -> Any:
    import torch

    return torch.Generator().manual_seed(0)


_MAKERS: Mapping[str, Callable[[Any], Tensor | None]] = {
    "pixel_values": _pixels,
    "input_features": _features,
    "input_values": _sound,
    "input_ids": _tokens,
    "decoder_input_ids": _tokens,
}
