"""What happens to adapter folders: tensors are lost, renamed or changed, configurations edited."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors.torch import load_file, save_file

Harm: TypeAlias = Callable[[Path], None]
Tensors: TypeAlias = dict[str, torch.Tensor]
WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"


def tensors(change: Callable[[Tensors], Tensors]) -> Harm:
    """The tensors of the file become what `change` makes of them."""

    def harm(folder: Path) -> None:
        found = change(load_file(folder / WEIGHTS))
        save_file({name: one.contiguous() for name, one in found.items()}, folder / WEIGHTS)

    return harm


def renamed(change: Callable[[str], str]) -> Harm:
    """The tensors have other names."""
    return tensors(lambda found: {change(name): one for name, one in found.items()})


def without(*parts: str) -> Harm:
    """Tensors with all these parts in their names are lost."""
    return tensors(lambda found: {name: one for name, one in found.items()
                                  if not all(part in name for part in parts)})  # fmt: skip


def each(change: Callable[[torch.Tensor], torch.Tensor], *parts: str) -> Harm:
    """Tensors with all these parts in their names become what `change` makes of them."""
    return tensors(lambda found: {name: change(one) if all(part in name for part in parts) else one
                                  for name, one in found.items()})  # fmt: skip


def first(value: float) -> Harm:
    """The first element of the first tensor."""

    def change(found: Tensors) -> Tensors:
        name = sorted(found)[0]
        found[name].view(-1)[0] = value
        return found

    return tensors(change)


def config(**changes: Any) -> Harm:
    """Entries of the configuration are others, or (`...`) gone."""

    def harm(folder: Path) -> None:
        found = json.loads((folder / CONFIG).read_text()) | changes
        kept = {name: value for name, value in found.items() if value is not ...}
        (folder / CONFIG).write_text(json.dumps(kept, indent=2))

    return harm


def both(*harms: Harm) -> Harm:
    """One harm after the other."""

    def harm(folder: Path) -> None:
        for one in harms:
            one(folder)

    return harm


def cut(folder: Path) -> None:
    """The download or the disk ended in the middle of the file."""
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])


def stale(folder: Path) -> None:
    """A later training saved a pickle, and the file of the first one stayed."""
    torch.save(load_file(folder / WEIGHTS), folder / "adapter_model.bin")
    each(lambda one: one * -0.5)(folder)
    written = (folder / WEIGHTS).stat().st_mtime
    os.utime(folder / WEIGHTS, (written - 9000, written - 9000))
    (folder / CONFIG).touch()


def pickled_empty(folder: Path) -> None:
    """The 443 bytes of PEFT 0.3's time: a pickle without tensors, and nothing else."""
    torch.save({}, folder / "adapter_model.bin")
    (folder / WEIGHTS).unlink()


def as_mlx(folder: Path) -> None:
    """What mlx-lm writes: other names, other shapes, another configuration."""
    found = {
        name.removeprefix("base_model.model.").replace("lora_A.weight", "lora_a").replace(
            "lora_B.weight", "lora_b"
        ): one.T.contiguous()
        for name, one in load_file(folder / WEIGHTS).items()
    }  # fmt: skip
    save_file(found, folder / "adapters.safetensors")
    (folder / WEIGHTS).unlink()
    (folder / CONFIG).write_text(
        json.dumps({"fine_tune_type": "lora", "num_layers": 2,
                    "lora_parameters": {"rank": 4, "scale": 2.0, "dropout": 0.0}})
    )  # fmt: skip


def as_gguf(folder: Path) -> None:
    """What a converter of llama.cpp leaves."""
    (folder / "adapter.gguf").write_bytes(b"GGUF\x03\x00\x00\x00" + bytes(64))
    (folder / WEIGHTS).unlink()
    (folder / CONFIG).unlink()


def turned(found: Tensors) -> Tensors:
    """Factors as MLX has them, under PEFT's names."""
    return {name: one.T.contiguous() for name, one in found.items()}


def swapped_layers(found: Tensors) -> Tensors:
    """Layers 0 and 1 have each other's tensors."""

    def other(name: str) -> str:
        if ".0." in name:
            return name.replace(".0.", ".1.")
        return name.replace(".1.", ".0.")

    return {other(name): one for name, one in found.items()}


def to_int8(found: Tensors) -> Tensors:
    """Quantised for a small download, and the scales forgotten."""
    return {name: (one / one.abs().max() * 127).round().to(torch.int8)
            for name, one in found.items()}  # fmt: skip
