"""Tensors that a model keeps under several names: by the model itself, built without weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loralint.verify.adapter import everything


def tied_names(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """The other names of each tensor that a model of this folder has under more than one.

    Empty where nothing is tied, and where the model cannot be built: its code is not here.
    """
    model = _built(folder)
    if model is None:
        return {}
    groups: dict[int, list[str]] = {}
    for name, tensor in everything(model).items():
        groups.setdefault(id(tensor), []).append(name)
    return {
        name: tuple(one for one in group if one != name)
        for group in groups.values() if len(group) > 1
        for name in group
    }  # fmt: skip


def _built(folder: Path) -> Any:
    import torch
    import transformers

    try:
        config = transformers.AutoConfig.from_pretrained(str(folder), local_files_only=True)
        cls = getattr(transformers, (config.architectures or ["AutoModel"])[0], None)
        if cls is None:
            return None
        with torch.device("meta"):
            model = cls(config)
        model.tie_weights()
    except Exception:  # a configuration of another transformers, or of code that is not run
        return None
    return model
