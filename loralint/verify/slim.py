"""A faster start for runs that load no weights.

Most of a dry run's time is imports. transformers and PEFT import these libraries if they find them,
and building a model on the meta device uses none of them; nor does it compile, run on several
processes, or need a first value in any weight.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

UNUSED = ("bitsandbytes", "scipy", "sklearn", "pandas")
COMPILER = "torch._dynamo"


def slim() -> None:
    """Make torch's compiler and the unused libraries look absent in this process, from now on.

    Does nothing where torch has been imported before: whoever did that may want them.
    """
    if "torch" in sys.modules:
        return
    gc.disable()  # imports and a model's modules are all kept, so it only costs time
    for name in UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # what import takes for absent
    import torch.distributed

    torch.distributed.is_available = lambda: False
    for name in (COMPILER, f"{COMPILER}._trace_wrapped_higher_order_op"):
        _replace(name)


class _NoCompiler(ModuleType):
    """A module of the compiler whose decorators, all that is used of it here, do nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _decorator


def _decorator(function: Any = None, *_: Any, **__: Any) -> Any:
    return function if callable(function) else _decorator


def _replace(name: str) -> None:
    module = _NoCompiler(name)
    module.__path__ = []
    module.__spec__ = ModuleSpec(name, None, is_package=True)
    parent, _, leaf = name.rpartition(".")
    setattr(sys.modules[parent], leaf, module)
    sys.modules[name] = module


@contextmanager
def no_collection() -> Iterator[None]:
    """No garbage collection, for the same reason, where the process goes on."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def no_first_values() -> Iterator[None]:
    """Modules leave their new weights as they are: on the meta device there is nothing to fill."""
    from torch.nn import init

    ours = {name: getattr(init, name) for name in dir(init)
            if name.endswith("_") and not name.startswith("_")}  # fmt: skip
    for name in ours:
        setattr(init, name, _unchanged)
    try:
        yield
    finally:
        for name, function in ours.items():
            setattr(init, name, function)


def _unchanged(tensor: Any, *_: Any, **__: Any) -> Any:
    return tensor
