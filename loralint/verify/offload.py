"""Models that accelerate has spread over a GPU, the memory and the disk.

What is off the GPU is on the meta device between two forwards; its values are in the hooks of the
modules. And memory that was freed and is still ours.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kept:
    """Where the value of a tensor is kept: a mapping, lazy for what is on disk, and its key."""

    values: Mapping[str, Any]
    key: str

    def read(self) -> Any:
        """The tensor itself."""
        return self.values[self.key]


def kept(model: Any) -> dict[str, Kept]:
    """The tensors of a model that are off their device, by name; empty for most models."""
    found = {}
    for path, module in model.named_modules(remove_duplicate=False):
        for hook in _hooks(module):
            if getattr(hook, "offload", False) and hook.weights_map is not None:
                for key in _names(module, hook):
                    found[f"{path}.{key}" if path else key] = Kept(hook.weights_map, key)
    return found


def device_of(module: Any) -> Any:
    """The device that a module of weights computes on, also while they are kept elsewhere."""
    import torch

    device = module.weight.device
    if device.type != "meta":
        return device
    found = [hook.execution_device for hook in _hooks(module) if hasattr(hook, "execution_device")]
    given = found[0] if found and found[0] is not None else "cpu"
    return torch.device(f"cuda:{given}" if isinstance(given, int) else given)


def is_hooked(module: Any) -> bool:
    """Whether accelerate brings weights and input together in the forward of this module."""
    return hasattr(module, "_hf_hook")


def places(model: Any) -> frozenset[str]:
    """Where the parts of a model are, as its device map says: devices, `cpu`, `disk`."""
    return frozenset(str(one) for one in (getattr(model, "hf_device_map", None) or {}).values())


def spills(model: Any) -> bool:
    """Whether a part of the model is kept in memory or on disk while a GPU computes."""
    found = places(model)
    return len(found) > 1 and not found.isdisjoint({"cpu", "disk"})


def _hooks(module: Any) -> Iterator[Any]:
    hook = getattr(module, "_hf_hook", None)
    if hook is not None:
        yield from getattr(hook, "hooks", (hook,))


def _names(module: Any, hook: Any) -> Iterator[str]:
    recurse = bool(getattr(hook, "place_submodules", False))
    for named in (module.named_parameters, module.named_buffers):
        yield from (name for name, tensor in named(recurse=recurse) if tensor.is_meta)


def give_back() -> None:
    """Return what is free to the system.

    glibc keeps, by chance, up to twice a model's size of what loading has freed. Other platforms
    do this by themselves, or have no call for it.
    """
    gc.collect()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # musl has no malloc_trim
            ctypes.CDLL(None).malloc_trim(0)


def free_memory() -> int | None:
    """The bytes that are free: a GPU's where models go to one; None where nobody says."""
    import torch

    if torch.cuda.is_available():
        return sum(int(torch.cuda.mem_get_info(at)[0]) for at in range(torch.cuda.device_count()))
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
