"""Models of which each process holds a part: FSDP, DeepSpeed ZeRO-3, tensor parallelism.

Their tensors must not be read by one process alone: it would wait for the others for ever, compare
a part with the whole, or read memory that has been given back.
"""

from __future__ import annotations

from typing import Any

SHARDED = "the model is spread over several processes; run `loralint record FOLDER` afterwards"

_WRAPPERS = frozenset({"FullyShardedDataParallel", "FSDPModule"})
_TYPES = frozenset({"DTensor", "FlatParameter"})


def is_sharded(model: Any) -> bool:
    """Whether some of the model is on other processes."""
    wrapped = any(_is_wrapper(module) for module in model.modules())
    return wrapped or any(is_shard(one) for one in model.parameters())


def is_shard(tensor: Any) -> bool:
    """Whether a tensor is a part, kept by FSDP 1 or 2, by ZeRO-3, or by a plan of parallelism."""
    names = {each.__name__ for each in type(tensor).__mro__}
    flat = bool(getattr(tensor, "_fsdp_flattened", False))
    return flat or hasattr(tensor, "ds_id") or not names.isdisjoint(_TYPES)


def own_class(model: Any) -> type:
    """The class of a model, from before FSDP 2 has put one of its own in its place."""
    names = [each.__name__ for each in type(model).__mro__]
    return type(model).__mro__[2 if names[1:2] == ["FSDPModule"] else 0]


def _is_wrapper(module: Any) -> bool:
    return any(each.__name__ in _WRAPPERS for each in type(module).__mro__)
