"""Which calls are reduced on the spot, which are recorded, and which are of no interest."""

from __future__ import annotations

import builtins
import sys

from loralint.catalog import METHODS as INTERESTING_METHODS
from loralint.catalog.words import LAUNCHING, POOLS, THREADS
from loralint.facts import (
    ABSENT,
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
from loralint.read.python import terms
from loralint.read.python.methods import METHODS
from loralint.read.python.reducers import FUNCTIONS, argument

_STANDARD = frozenset(sys.stdlib_module_names) - {"argparse", "dataclasses"} | {"builtins"}
_IRRELEVANT = frozenset(
    """numpy pandas tqdm matplotlib seaborn scipy sklearn requests PIL cv2 wandb loguru rich pytest
    einops jax tensorflow torchvision torchaudio plotly nltk""".split()
)
"""Libraries whose calls never load, save or name a model."""

_OF_PATHS = frozenset(
    """open read_text read_bytes joinpath resolve absolute as_posix expanduser with_name __str__
    __fspath__ format strip""".split()
)
"""Methods of paths and texts, which a constant of another module (`CONFIG.open()`) has too."""

_OF_VALUES = (
    Symbol("builtins", "zip"),
    Symbol("builtins", "enumerate"),
    Symbol("pytest", "fixture"),
    Symbol("pytest", "mark.parametrize"),
    Symbol("json", "dump"),
)
"""What makes rows of collections that a front end may not see, gives tests what they load, or
writes a file of data."""

_COLLECTING = frozenset({"append", "add", "insert", "appendleft"})

_TORCH = frozenset({"compile", "load", "optim"})


def reduced(callee: Term, arguments: tuple[Argument, ...]) -> Term | None:
    """What one file can make of a call; None where it cannot."""
    if isinstance(callee, Symbol):
        reducer = FUNCTIONS.get(f"{callee.module}.{callee.name}")
        if reducer is not None:
            return reducer(arguments)
        base, _, method = callee.name.rpartition(".")
        own = callee.module == "" or (method in _OF_PATHS and _is_constant(base))
        if own and base and method in METHODS:
            return METHODS[method](Symbol(callee.module, base), arguments)
    if isinstance(callee, Attribute) and callee.name in METHODS:
        return METHODS[callee.name](callee.base, arguments)
    return None


def _is_constant(name: str) -> bool:
    """Whether a name is written as constants are, and not as classes or modules."""
    return name.rpartition(".")[2].isupper()


def with_content(callee: Term, arguments: tuple[Argument, ...]) -> tuple[Argument, ...]:
    """The arguments with what stands in a file in the place of its path, where one is read."""
    name = callee.name.rpartition(".")[2] if isinstance(callee, (Symbol, Attribute)) else ""
    keyword = _READ_WHOLE.get(name)
    if keyword is None:
        return arguments
    position = next((n for n, given in enumerate(arguments) if given.name in keyword), None)
    given = arguments[position] if position is not None else None
    if given is None or given.stars or given.value == Known(None):
        return arguments
    read = Argument(terms.data(given.value), given.name)
    return (*arguments[:position], read, *arguments[position + 1 :])  # type: ignore[operator]


_READ_WHOLE: dict[str, tuple[str | None, ...]] = {
    "parse_json_file": (None, "json_file"),
    "parse_yaml_file": (None, "yaml_file"),
    "wrap": ("config_path",),
    "parse": ("config_path",),
    "parse_yaml_file_as": ("file",),
    "parse_yaml_raw_as": ("raw",),
}
"""Calls that fill objects of a file, with the arguments (None: the first one) that name it."""


def interesting(callee: Term, *, starred: bool = False) -> bool:
    """Whether the evaluator may want to know of a call of `callee`.

    Where the file is `starred`, a name of nobody may be what a star brings.
    """
    if isinstance(callee, Symbol):
        named = starred and callee.module == "builtins"
        return (named and not _is_builtin(callee.name)) or _interesting_symbol(callee)
    if isinstance(callee, Attribute):
        is_method = callee.name in INTERESTING_METHODS or callee.name == "write_text"
        return is_method or _is_project_object(callee.base)
    if isinstance(callee, Choice):
        return any(interesting(option) for option in callee.values)
    return isinstance(callee, (Item, Parameter, Partial, Result))


def _is_builtin(name: str) -> bool:
    return hasattr(builtins, name.partition(".")[0])


def _interesting_symbol(callee: Symbol) -> bool:
    root = callee.module.partition(".")[0]
    if callee.name.rpartition(".")[2] in INTERESTING_METHODS or callee in _OF_VALUES:
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


# --- functions that somebody else calls ---------------------------------------------------------


def handed_over(
    callee: Term, arguments: tuple[Argument, ...]
) -> tuple[Term, tuple[Argument, ...]] | None:
    """The function that a thread, a pool or a launcher is told to call, with what it is given."""
    name = callee.name.rpartition(".")[2] if isinstance(callee, (Attribute, Symbol)) else ""
    if name in THREADS:
        target, given = argument(arguments, 9, "target"), argument(arguments, 9, "args")
        keywords = argument(arguments, 9, "kwargs")
    elif name in LAUNCHING:
        target, given = argument(arguments, 0, "function"), argument(arguments, 1, "args")
        keywords = ABSENT
    elif name in POOLS:
        plain = [each for each in arguments if each.name is None or each.stars]
        first = POOLS[name]
        if len(plain) <= first or plain[first].stars:
            return None
        named = tuple(each for each in arguments if each.name is not None and not each.stars)
        return _callable(plain[first].value, (*plain[first + 1 :], *named))
    else:
        return None
    spread = (Argument(given, None, 1),) if given != ABSENT else ()
    named = (Argument(keywords, None, 2),) if keywords != ABSENT else ()
    return _callable(target, (*spread, *named))


def _callable(
    target: Term, arguments: tuple[Argument, ...]
) -> tuple[Term, tuple[Argument, ...]] | None:
    """A function of the project that is named, and no value."""
    may_be = isinstance(target, (Symbol, Attribute)) and interesting(target)
    return (target, arguments) if may_be else None
