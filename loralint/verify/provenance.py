"""Whether a model in memory comes from the weights in a folder: a sample of it, bit for bit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loralint.verify.adapter import is_shard

if TYPE_CHECKING:
    from torch import Tensor

_OWN = ("lora_", ".modules_to_save.", "token_adapter")
SAMPLE = 24
LARGEST = 1_000_000
"""Elements of the largest tensor that the sample reads."""


def fits(model: Any, folder: Path, changed: Iterable[str] = ()) -> bool | None:
    """Whether the unquantised tensors of a model are those of the files; None if undecided.

    Only small tensors are read, spread over the layers; those whose name has a part of `changed`
    in it are left out. Names that are not in the files decide nothing: libraries rename modules
    while they load.
    """
    placed = placed_tensors(folder)
    parts = tuple(changed)
    tensors = (one for one in base_tensors(model, parts) if one[0] in placed)
    named = _sample(tensors)
    if not named:
        return None
    return all(_equal(tensor, _read(placed[name], name)) for name, tensor in named)


def changed_by(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The parts of names of the base's tensors that an adapter's configuration lets change."""
    init = config.get("init_lora_weights")
    is_plain = not isinstance(init, str) or init.lower() in ("gaussian", "orthogonal", "eva")
    adapted = () if is_plain else (".base_layer.",)
    biases = () if config.get("bias", "none") == "none" else (".bias",)
    return (*adapted, *biases)


def base_tensors(model: Any, changed: tuple[str, ...] = ()) -> Iterator[tuple[str, Tensor]]:
    """The parameters of the base under the names that they had before PEFT wrapped them.

    Quantised ones are left out, and those that training may have changed.
    """
    for name, tensor in model.named_parameters():
        plain = name.removeprefix("base_model.model.").replace(".original_module.", ".")
        plain = plain.replace(".base_layer.", ".")
        own = any(word in name for word in (*_OWN, *changed)) or tensor.requires_grad
        if own or is_shard(tensor) or tensor.is_meta:
            continue
        if tensor.is_floating_point():
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


def _sample(tensors: Iterator[tuple[str, Tensor]]) -> list[tuple[str, Tensor]]:
    small = [one for one in tensors if one[1].numel() <= LARGEST]
    step = max(1, len(small) // SAMPLE)
    return small[::step][:SAMPLE]


def _read(path: Path, name: str) -> Tensor:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        found: Tensor = file.get_tensor(name)
        return found


def _equal(loaded: Tensor, stored: Tensor) -> bool:
    """Whether a tensor is that of the file, by way of some floating type perhaps.

    `prepare_model_for_kbit_training` casts to float32 what was loaded in half precision. A table
    of embeddings may have been given more rows, or fewer.
    """
    import torch

    here = loaded.detach().cpu()
    if here.shape[1:] != stored.shape[1:]:
        return False
    if here.ndim == 2:
        rows = min(here.shape[0], stored.shape[0])
        here, stored = here[:rows], stored[:rows]
    elif here.shape != stored.shape:
        return False
    ways = (stored, *(stored.to(each) for each in (torch.bfloat16, torch.float16)))
    return any(torch.equal(way.to(here.dtype), here) for way in ways)
