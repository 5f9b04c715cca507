"""Adapters whose tensors PEFT renames or fuses because the architecture has changed since."""

from __future__ import annotations

from typing import Any

from loralint.verify.adapted import PREFIX
from loralint.verify.folder import AdapterFolder
from loralint.verify.values import FileTensors


def converted(model: Any, folder: AdapterFolder, adapter: str) -> dict[str, Any] | None:
    """The file's tensors as PEFT's conversion gives them; None where it has none to give.

    They are in memory at once: fused experts need all their parts.
    """
    try:
        from peft.utils.transformers_weight_conversion import (
            convert_peft_adapter_state_dict_for_transformers,
        )
    except ImportError:
        return None
    state = dict(FileTensors(folder.weights))
    config = model.peft_config[adapter]
    try:
        found = convert_peft_adapter_state_dict_for_transformers(model, config, state, adapter)
    except (KeyError, RuntimeError, ValueError):
        return None
    return {name if name.startswith("base_model.") else f"{PREFIX}{name}": tensor
            for name, tensor in found.items()}  # fmt: skip
