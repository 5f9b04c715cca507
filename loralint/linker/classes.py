"""Classes of the project: their ancestors, and what the attributes of their objects are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from loralint.facts import Absent, FieldFact, Symbol
from loralint.linker.nodes import (
    Class,
    External,
    Function,
    Instance,
    Method,
    Node,
    options,
)

if TYPE_CHECKING:
    from loralint.linker.machine import Machine

MAX_ANCESTORS = 24
_PROPERTIES = frozenset({"property", "cached_property", "computed_field"})


def ancestors(machine: Machine, class_: Class) -> tuple[Class, ...]:
    """The class and its ancestors within the project, in the order of attribute look-up."""
    cache = machine.cache("ancestors")
    key = (class_.path, class_.fact.name)
    if key not in cache:
        found: dict[tuple[str, str], Class] = {}
        _collect(machine, class_, found)
        cache[key] = tuple(found.values())
    kept: tuple[Class, ...] = cache[key]
    return kept


def _collect(machine: Machine, class_: Class, found: dict[tuple[str, str], Class]) -> None:
    key = (class_.path, class_.fact.name)
    if key in found or len(found) >= MAX_ANCESTORS:
        return
    found[key] = class_
    for node in _bases(machine, class_):
        if isinstance(node, Class):
            _collect(machine, node, found)


def _bases(machine: Machine, class_: Class) -> Iterator[Node]:
    frame = machine.module_frame(class_.path)
    for base in class_.fact.bases:
        yield from options(machine.force(base, frame))


def library_bases(machine: Machine, class_: Class) -> tuple[str, ...]:
    """The library classes that a class of the project inherits from."""
    cache = machine.cache("library")
    key = (class_.path, class_.fact.name)
    if key not in cache:
        nodes = (n for each in ancestors(machine, class_) for n in _bases(machine, each))
        names = (node.name for node in nodes if isinstance(node, External))
        cache[key] = tuple(dict.fromkeys(names))
    kept: tuple[str, ...] = cache[key]
    return kept


# --- classes as objects -------------------------------------------------------------------------


def class_attribute(machine: Machine, node: Class, name: str) -> Node:
    """`Class.name`: a method, a nested class, a constant of its body."""
    return found_in(machine, ancestors(machine, node), name, node) or Method(node, name)


def super_attribute(machine: Machine, node: Class, receiver: Node, name: str) -> Node:
    """`super().name` in a method of `node`."""
    return found_in(machine, ancestors(machine, node)[1:], name, receiver) or Method(receiver, name)


def found_in(
    machine: Machine, classes: tuple[Class, ...], name: str, receiver: Node
) -> Node | None:
    """What the bodies of some classes say of a name, the first that says something."""
    for class_ in classes:
        path, qualified = class_.path, f"{class_.fact.name}.{name}"
        function = machine.function(path, qualified)
        if function is not None:
            return _method(machine, Function(path, function, receiver))
        nested = machine.index.classes.get((path, qualified))
        if nested is not None:
            return Class(path, nested)
        field = _field(class_, name)
        if field is not None and not isinstance(field.default, Absent):
            return machine.force(field.default, machine.module_frame(path))
    return None


def _method(machine: Machine, function: Function) -> Node:
    decorators = {name_of(each) for each in function.fact.decorators}
    if "staticmethod" in decorators:
        return Function(function.path, function.fact)
    if decorators & _PROPERTIES and isinstance(function.receiver, Instance):
        from loralint.linker.calls import entered

        return entered(machine, function, (), None)
    if "classmethod" in decorators and isinstance(function.receiver, Instance):
        return Function(function.path, function.fact, function.receiver.class_)
    return function


def name_of(term: object) -> str:
    """The last part of a symbol's name, "" for other terms."""
    return term.name.rpartition(".")[2] if isinstance(term, Symbol) else ""


def _field(class_: Class, name: str) -> FieldFact | None:
    return next((field for field in class_.fact.fields if field.name == name), None)
