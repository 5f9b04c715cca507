"""Names → what they mean: of the file itself, of other files, of libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loralint.facts import Symbol, Unknown
from loralint.linker import objects
from loralint.linker.modules import relative
from loralint.linker.nodes import Class, External, Function, Module, Node

if TYPE_CHECKING:
    from loralint.linker.machine import Machine

MAX_STARS = 8
"""How many `from x import *` are followed from one file to the next."""


def resolve(machine: Machine, path: str, symbol: Symbol) -> Node:
    """The node of a symbol as the file at `path` writes it."""
    if symbol.module == "":
        found = own(machine, path, symbol.name.split("."))
        return found if found is not None else Unknown(f"{symbol.name} is not defined here")
    if symbol.module == "builtins":  # or of a module whose names the file imports all
        found = _starred(machine, path, symbol.name.split("."), MAX_STARS)
        return found if found is not None else External(f"builtins.{symbol.name}")
    parts = symbol.name.split(".") if symbol.name else []
    return _imported(machine, path, symbol.module, parts)


def own(machine: Machine, path: str, parts: list[str], stars: int = MAX_STARS) -> Node | None:
    """What a dotted name means inside its own file."""
    for length in range(len(parts), 0, -1):
        found = _defined(machine, path, ".".join(parts[:length]))
        if found is not None:
            return _attributes(machine, found, parts[length:])
    term = machine.index.names.get((path, parts[0]))
    if term is not None and term != Symbol("", parts[0]):
        return _attributes(machine, machine.force(term, machine.module_frame(path)), parts[1:])
    return _starred(machine, path, parts, stars)


def _defined(machine: Machine, path: str, name: str) -> Node | None:
    class_ = machine.index.classes.get((path, name))
    if class_ is not None:
        return Class(path, class_)
    function = machine.index.functions.get((path, name))
    if function is None or function.class_:
        return None  # a method is found through its class, which knows what binds it
    return Function(path, function)


def _starred(machine: Machine, path: str, parts: list[str], stars: int) -> Node | None:
    facts = machine.index.files.get(path)
    for module in facts.star_imports if facts is not None and stars else ():
        target = machine.index.modules.find(path, module)
        if target is not None:
            found = own(machine, target, parts, stars - 1)
            if found is not None:
                return found
    return None


def _imported(machine: Machine, path: str, module: str, parts: list[str]) -> Node:
    """A name of another module: the longest part that is a module of the project counts."""
    modules = machine.index.modules
    for length in range(len(parts), -1, -1):
        target = modules.find(path, _dotted(module, parts[:length]))
        if target is None:
            continue
        if target not in machine.index.files:
            name = ".".join(parts[length:])
            return Unknown(f"{name} of {target} was not read", f"import:{target}.{name}")
        if length == len(parts):
            return Module(target)
        found = own(machine, target, parts[length:])
        if found is not None:
            return found
    return _foreign(path, module, parts)


def _foreign(path: str, module: str, parts: list[str]) -> Node:
    if not module.startswith("."):
        return External(".".join((module, *parts)))
    name = ".".join(parts)
    origin = f"import:{relative(path, module)}.{name}"
    return Unknown(f"{name} of {module} was not found", origin)


def _dotted(module: str, parts: list[str]) -> str:
    separator = "" if module.endswith(".") or not parts else "."
    return f"{module}{separator}{'.'.join(parts)}"


def _attributes(machine: Machine, node: Node, names: list[str]) -> Node:
    for name in names:
        node = objects.attribute(machine, node, name)
    return node
