"""Whether the model's forward pass uses the adapter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Activity:
    """The modules that hold the adapter, and those of them that leave it out, with the reason."""

    modules: int
    inactive: dict[str, str]
    merged: tuple[str, ...]


def activity(model: Any, adapter: str) -> Activity:
    """Look at every module that PEFT has put the adapter into."""
    found = 0
    inactive: dict[str, str] = {}
    merged = []
    for name, module in model.named_modules():
        if not _holds(module, adapter):
            continue
        found += 1
        if adapter in getattr(module, "merged_adapters", ()):
            merged.append(name)
        elif reason := _why_inactive(module, adapter):
            inactive[name] = reason
    if not found and _is_prompt(model, adapter):
        found = 1
        if getattr(model, "_adapters_disabled", False):
            inactive["prompt_encoder"] = "adapters are disabled"
        elif model.active_adapter != adapter:
            inactive["prompt_encoder"] = f"`{model.active_adapter}` is active instead"
    return Activity(found, inactive, tuple(merged))


def _holds(module: Any, adapter: str) -> bool:
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    if isinstance(module, AuxiliaryTrainingWrapper):
        return adapter in getattr(module, "_adapters", ())
    if not isinstance(module, BaseTunerLayer):
        return False
    return any(adapter in getattr(module, kind, ()) for kind in module.adapter_layer_names)


def _why_inactive(module: Any, adapter: str) -> str:
    if getattr(module, "disable_adapters", False):
        return "adapters are disabled"
    active = module.active_adapters
    if adapter not in active:
        return f"`{', '.join(active)}` is active instead" if active else "no adapter is active"
    return ""


def _is_prompt(model: Any, adapter: str) -> bool:
    return adapter in getattr(model, "prompt_encoder", {})
