"""A faster start for runs that load no weights.

Most of a dry run's time is imports. transformers and PEFT import these libraries if they find them,
and building a model on the meta device uses none of them; nor does it compile, run on several
processes, or need a first value in any weight.
"""

from __future__ import annotations

import gc
import operator
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

UNUSED = ("bitsandbytes", "scipy", "sklearn", "pandas")


def _same(function: Any = None, *_: Any, **__: Any) -> Any:
    """What a decorator is without a compiler, with arguments or without."""
    return function if callable(function) else _same


_DECORATORS = dict.fromkeys(("allow_in_graph", "assume_constant_result", "disable"), _same)
_PLAIN_SIZES: Mapping[str, Any] = {
    **dict.fromkeys(
        (
            "expect_true",
            "guard_bool",
            "guard_or_false",
            "guard_or_true",
            "guard_size_oblivious",
            "statically_known_true",
        ),
        bool,
    ),
    "guarding_hint_or_throw": lambda size: size,
    "has_guarding_hint": lambda _: True,
    "is_nested_int": lambda _: False,
    "sym_eq": operator.eq,
    "sym_and": lambda *sides: all(sides),
    "sym_or": lambda *sides: any(sides),
}
"""What these say of plain numbers: sizes are symbols only where something is compiled."""

STAND_INS: Mapping[str, Mapping[str, Any]] = {
    "torch._dynamo": _DECORATORS,
    "torch._dynamo._trace_wrapped_higher_order_op": {"TransformGetItemToIndex": object},
    "torch.fx.experimental.symbolic_shapes": _PLAIN_SIZES,
    "sympy": {"Basic": type("Basic", (), {})},
}
"""Modules that are costly to import, and what building a model without weights uses of them."""


def slim() -> None:
    """Put off or hide what costs time to import and is not needed, in this process from now on.

    Does nothing where torch has been imported before: whoever did that may want them.
    """
    if "torch" in sys.modules:
        return
    gc.disable()  # imports and a model's modules are all kept, so it only costs time
    for name in UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # what import takes for absent
    import torch.distributed

    torch.distributed.is_available = lambda: False
    import torch.fx.experimental

    sys.meta_path.insert(0, _Parts())
    for name, known in STAND_INS.items():
        is_part = name.rpartition(".")[0] in STAND_INS  # its spec would import the real whole
        spec = ModuleSpec(name, None) if is_part else find_spec(name)
        if spec is not None and name not in sys.modules:
            _stand_in(_StandIn(spec, known))


class _StandIn(ModuleType):
    """A module that is imported when somebody asks for more than what is known of it."""

    def __init__(self, spec: ModuleSpec, known: Mapping[str, Any]) -> None:
        super().__init__(spec.name)
        self.__spec__ = spec
        self.__path__ = []
        self.__dict__.update(known)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_real(self), name)


def _stand_in(module: ModuleType) -> None:
    """Put a module where `import` and attributes of its parent look for it."""
    parent, _, leaf = module.__name__.rpartition(".")
    sys.modules[module.__name__] = module
    if parent:
        setattr(sys.modules[parent], leaf, module)


def _real(stand_in: ModuleType) -> ModuleType:
    """The module itself, imported in place of the one that stands for it."""
    name = stand_in.__name__
    if sys.modules.get(name) is stand_in:
        for other in STAND_INS:
            if other.startswith(name):  # its parts too
                sys.modules.pop(other, None)
    return import_module(name)


class _Parts(Loader):
    """Finds the parts of a module that a stand-in stands for: the real one is imported first."""

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        whole = sys.modules.get(name.rpartition(".")[0])
        if not isinstance(whole, _StandIn):
            return None
        _real(whole)
        return ModuleSpec(name, self) if name in sys.modules else find_spec(name)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return sys.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """It has run, when the real module was imported."""


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
