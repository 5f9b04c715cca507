"""Whether a model in memory is the one that an adapter folder was saved from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loralint.contract import TensorHash
from loralint.verify import hashing

PREFIX = "base_model.model."


def differences(
    model: Any, name: str, path: Path, stored: Mapping[str, TensorHash]
) -> list[str]:  # fmt: skip
    """The tensors of the file that the model does not hold, or holds with other values.

    `name` is the adapter's name in the model, `stored` the hashes of the file at `path`. A model
    that PEFT loaded in another type than the file's is compared in its own type.
    """
    from peft import get_peft_model_state_dict

    found = get_peft_model_state_dict(model, adapter_name=name, save_embedding_layers=False)
    everything = model.state_dict()
    lines = []
    for key, expected in stored.items():
        tensor = _held(key, found, everything)
        if tensor is None:
            lines.append(f"{key}: not in the model")
        elif not _is(tensor, expected, path, key):
            lines.append(f"{key}: other values in the model than in the file")
    return lines


def _held(key: str, *places: Mapping[str, Any]) -> Any:
    """The model's tensor for a key of the file; transformers' own adapters have no prefix."""
    for name in (key, key.removeprefix(PREFIX)):
        for place in places:
            if name in place:
                return place[name]
    return None


def _is(tensor: Any, expected: TensorHash, path: Path, key: str) -> bool:
    import torch
    from safetensors import safe_open

    actual = hashing.of_tensor(tensor)
    if actual.dtype == expected.dtype:
        return actual == expected
    with safe_open(path, framework="pt") as file:
        return bool(torch.equal(file.get_tensor(key).to(tensor.dtype), tensor.detach().cpu()))


def active_adapter(model: Any) -> str:
    """The name of the adapter that a model runs with; "default" where PEFT manages none."""
    found = getattr(model, "active_adapter", "default")
    if callable(found):  # transformers' own adapters
        found = model.active_adapters()
    return str(found[0] if isinstance(found, (list, tuple)) and found else found)
