"""Which of a model's adapters a folder is about, where nobody says."""

from __future__ import annotations

from typing import Any

from loralint.verify.adapted import adapter_tensors
from loralint.verify.folder import AdapterFolder
from loralint.verify.values import FileTensors, sameness


def adapter_name(model: Any, folder: AdapterFolder) -> str | None:
    """The only adapter; of several the one with the file's first tensor, else the active one."""
    names: list[str] = list(getattr(model, "peft_config", None) or ())
    if len(names) <= 1:
        return names[0] if names else None
    for name in names:
        if _has_first_tensor(model, name, folder):
            return name
    active = getattr(model, "active_adapter", None)
    return active if isinstance(active, str) and active in names else names[0]


def _has_first_tensor(model: Any, name: str, folder: AdapterFolder) -> bool:
    live = adapter_tensors(model, name)
    for file, tensor in FileTensors(folder.weights):
        if file in live:
            return sameness(tensor, live[file].tensor)[0] in ("same", "rounded")
    return False
