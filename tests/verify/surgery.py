"""Changes to an adapter folder that make it a faulty one."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

WEIGHTS, CONFIG, PICKLE = "adapter_model.safetensors", "adapter_config.json", "adapter_model.bin"
Tensors = dict[str, torch.Tensor]


def copied(adapter: Path, folder: Path) -> Path:
    return Path(shutil.copytree(adapter, folder))


def tensors(change: Callable[[Tensors], Tensors]) -> Callable[[Path], None]:
    """Rewrite the weights."""

    def apply(path: Path) -> None:
        changed = change(load_file(path / WEIGHTS))
        save_file({name: one.contiguous() for name, one in changed.items()}, path / WEIGHTS)

    return apply


def renamed(change: Callable[[str], str]) -> Callable[[Path], None]:
    return tensors(lambda found: {change(name): one for name, one in found.items()})


def without(*parts: str) -> Callable[[Path], None]:
    """Drop the tensors whose names have all the parts."""
    return tensors(
        lambda found: {
            name: one for name, one in found.items() if not all(part in name for part in parts)
        }
    )


def filled(value: float, *parts: str) -> Callable[[Path], None]:
    """Set the tensors whose names have all the parts to one value."""
    return tensors(
        lambda found: {
            name: torch.full_like(one, value) if all(part in name for part in parts) else one
            for name, one in found.items()
        }
    )


def one_value(value: float) -> Callable[[Path], None]:
    """Set a single number of a single tensor."""

    def change(found: Tensors) -> Tensors:
        next(iter(found.values())).view(-1)[7] = value
        return found

    return tensors(change)


def config(**changes: Any) -> Callable[[Path], None]:
    """Rewrite adapter_config.json."""

    def apply(path: Path) -> None:
        given = json.loads((path / CONFIG).read_text())
        (path / CONFIG).write_text(json.dumps(given | changes))

    return apply


def stale(path: Path) -> None:
    """Yesterday's safetensors beside the pickle of the last save."""
    yesterday = time.time() - 86_400
    os.utime(path / WEIGHTS, (yesterday, yesterday))
    (path / PICKLE).write_bytes(b"not opened")
    (path / CONFIG).touch()


def model_beside(path: Path) -> None:
    (path / "config.json").write_text('{"model_type": "llama"}')
    save_file({"lm_head.weight": torch.zeros(2, 2)}, path / "model.safetensors")
