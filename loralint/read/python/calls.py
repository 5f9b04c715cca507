"""Which calls are reduced on the spot, which are recorded, and which are of no interest."""

from __future__ import annotations

import sys

from loralint.catalog import METHODS as INTERESTING_METHODS
from loralint.facts import (
    Argument,
    Attribute,
    Choice,
    Item,
    Known,
    Mapping,
    Parameter,
    Partial,
    Reason,
    Result,
    Self,
    Symbol,
    Term,
    Unknown,
)
from loralint.read.python.methods import METHODS
from loralint.read.python.reducers import FUNCTIONS

_STANDARD = frozenset(sys.stdlib_module_names) - {"argparse", "dataclasses"} | {"builtins"}
_IRRELEVANT = frozenset(
    """numpy pandas tqdm matplotlib seaborn scipy sklearn requests PIL cv2 wandb loguru rich pytest
    einops jax tensorflow torchvision torchaudio plotly nltk""".split()
)
"""Libraries whose calls never load, save or name a model."""

_COLLECTING = frozenset({"append", "add", "insert", "appendleft"})

_TORCH = frozenset({"compile", "load", "optim"})


def reduced(callee: Term, arguments: tuple[Argument, ...]) -> Term | None:
    """What one file can make of a call; None where it cannot."""
    if isinstance(callee, Symbol):
        reducer = FUNCTIONS.get(f"{callee.module}.{callee.name}")
        if reducer is not None:
            return reducer(arguments)
        base, _, method = callee.name.rpartition(".")
        if callee.module == "" and base and method in METHODS:
            return METHODS[method](Symbol("", base), arguments)
    if isinstance(callee, Attribute) and callee.name in METHODS:
        return METHODS[callee.name](callee.base, arguments)
    return None


def interesting(callee: Term) -> bool:
    """Whether the evaluator may want to know of a call of `callee`."""
    if isinstance(callee, Symbol):
        return _interesting_symbol(callee)
    if isinstance(callee, Attribute):
        return callee.name in INTERESTING_METHODS or _is_project_object(callee.base)
    if isinstance(callee, Choice):
        return any(interesting(option) for option in callee.values)
    return isinstance(callee, (Item, Parameter, Partial, Result))


def _interesting_symbol(callee: Symbol) -> bool:
    root = callee.module.partition(".")[0]
    if callee.name.rpartition(".")[2] in INTERESTING_METHODS:
        return True
    if root == "torch":
        return callee.name.partition(".")[0] in _TORCH or "optim" in callee.module
    return callee.module == "" or root not in _STANDARD | _IRRELEVANT


def _is_project_object(base: Term) -> bool:
    """Whether a method of `base` may be one that this project defines."""
    while isinstance(base, Attribute):
        base = base.base
    return isinstance(base, (Self, Result))


def collects(callee: Term) -> bool:
    """Whether a call puts what it is given into a collection: `models.append(model)`."""
    name = callee.name if isinstance(callee, (Attribute, Symbol)) else ""
    return name.rpartition(".")[2] in _COLLECTING


def unfollowed(callee: Term) -> Unknown:
    """What a call of no interest returns."""
    if isinstance(callee, Symbol):
        name = callee.name or callee.module
        return Unknown(Reason.SUPER) if name == "super" else Unknown(Reason.RESULT, f"{name}()")
    if isinstance(callee, Attribute):
        return Unknown(Reason.RESULT, f".{callee.name}()")
    return Unknown(Reason.RESULT, f"{callee.value!r}()" if isinstance(callee, Known) else "")


def loader_of(mapping: Mapping) -> Symbol | Attribute | None:
    """The loader in a dict that describes a call (`type=X.from_pretrained`)."""
    loader = next((value for key, value in mapping.entries if key == "type"), None)
    if isinstance(loader, (Symbol, Attribute)) and loader.name.endswith("from_pretrained"):
        return loader
    return None
