"""Whether a model in memory comes from the weights in a folder: a sample of it, bit for bit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

SAMPLE = 24
LARGEST = 1_000_000
"""Elements of the largest tensor that the sample reads."""


def fits(model: Any, folder: Path) -> bool | None:
    """Whether the unquantised tensors of a model are those of the files; None if undecided.

    Only small tensors are read, spread over the layers. Names that are not in the files decide
    nothing: libraries rename modules while they load.
    """
    placed = placed_tensors(folder)
    named = _sample(base_tensors(model), placed)
    if not named:
        return None
    return all(_equal(tensor, _read(placed[name], name)) for name, tensor in named)


def base_tensors(model: Any) -> Iterator[tuple[str, Tensor]]:
    """The parameters of the base under the names that they had before PEFT wrapped them.

    Quantised ones are left out, and those that an adapter may have trained.
    """
    for name, tensor in model.named_parameters():
        plain = name.removeprefix("base_model.model.").replace(".original_module.", ".")
        plain = plain.replace(".base_layer.", ".")
        own = any(word in name for word in ("lora_", ".modules_to_save.", "token_adapter"))
        if not own and tensor.is_floating_point() and not tensor.is_meta:
            yield plain, tensor


def placed_tensors(folder: Path) -> dict[str, Path]:
    """The file of each tensor of a checkpoint in safetensors; empty for others."""
    index = folder / "model.safetensors.index.json"
    single = folder / "model.safetensors"
    if index.is_file():
        placed: Mapping[str, str] = json.loads(index.read_bytes())["weight_map"]
        files = {name: folder / Path(file).name for name, file in placed.items()}
        return {name: path for name, path in files.items() if path.is_file()}
    if not single.is_file():
        return {}
    from safetensors import safe_open

    with safe_open(single, framework="pt") as file:
        return dict.fromkeys(file.keys(), single)


def _sample(
    tensors: Iterator[tuple[str, Tensor]], placed: Mapping[str, Path]
) -> list[tuple[str, Tensor]]:
    small = [one for one in tensors if one[0] in placed and one[1].numel() <= LARGEST]
    step = max(1, len(small) // SAMPLE)
    return small[::step][:SAMPLE]


def _read(path: Path, name: str) -> Tensor:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        found: Tensor = file.get_tensor(name)
        return found


def _equal(loaded: Tensor, stored: Tensor) -> bool:
    """Whether a tensor is that of the file, by way of some floating type perhaps.

    `prepare_model_for_kbit_training` casts to float32 what was loaded in half precision.
    """
    import torch

    if loaded.shape != stored.shape:
        return False
    here = loaded.detach().cpu()
    ways = (stored, *(stored.to(each) for each in (torch.bfloat16, torch.float16)))
    return any(torch.equal(way.to(here.dtype), here) for way in ways)
