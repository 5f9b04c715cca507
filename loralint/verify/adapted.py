"""The adapter's tensors in a model, under the names that they have in the file."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from loralint.verify.offload import kept

PREFIX = "base_model.model."


def below_peft(model: Any) -> Any:
    """The model below PEFT's wrapper; one without a wrapper itself."""
    get = getattr(model, "get_base_model", None)
    return get() if get is not None else model


@dataclass(frozen=True)
class Live:
    """A tensor of the model: `key` is its name there, None where PEFT computes it on saving."""

    key: str | None
    tensor: Any


def adapter_tensors(model: Any, adapter: str = "default") -> dict[str, Live]:
    """Every tensor that saving this adapter would write, by its name in the file.

    PEFT's own code says which they are and what they are called; nothing is copied. `model` is a
    PeftModel, or a transformers model with an adapter in it. What accelerate keeps off the device
    is read.
    """
    named = everything(model)
    names = {id(tensor): name for name, tensor in named.items()}
    saved = _peft_state(model, named, adapter)
    wrapped = hasattr(model, "get_base_model")
    away = kept(model)
    found = {}
    for name, tensor in saved.items():
        key = names.get(id(tensor))
        file = name if wrapped or name.startswith(PREFIX) else f"{PREFIX}{name}"
        found[file] = Live(key, away[key].read() if key in away else tensor)
    return found


def everything(model: Any) -> dict[str, Any]:
    """All that `state_dict` has, by name: that itself would unpack each 4-bit weight."""
    named = dict(model.named_parameters(remove_duplicate=False))
    for path, module in model.named_modules(remove_duplicate=False):
        for name, buffer in module.named_buffers(recurse=False):
            if name not in module._non_persistent_buffers_set:
                named[f"{path}.{name}" if path else name] = buffer
    return named


def _peft_state(model: Any, named: Mapping[str, Any], adapter: str) -> Mapping[str, Any]:
    from peft import get_peft_model_state_dict

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        state: Mapping[str, Any] = get_peft_model_state_dict(
            model, state_dict=dict(named), adapter_name=adapter, save_embedding_layers=False
        )
    return state


def passed_on(names: Iterable[str], model: Any, ours: Mapping[str, Any]) -> dict[str, Any]:
    """The model's tensors for names that are none of the adapter's own, where there are any.

    Embeddings and biases are passed on as they are. Saving resized embeddings writes those that
    are trained twice, and the second name is of no use to anybody.
    """
    named, away = everything(model), kept(model)
    found = {}
    for name in names:
        second = name.replace(".modules_to_save.", ".")
        if second != name and second in ours:
            found[name] = ours[second]
        for candidate in (name, name.removeprefix(PREFIX)):
            if candidate in named:
                there = away.get(candidate)
                found[name] = named[candidate] if there is None else there.read()
    return found
