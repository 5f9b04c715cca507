"""Classes of the project: their ancestors, and what the attributes of their objects are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from loralint.facts import Absent, ClassFact, FieldFact, Symbol
from loralint.values.nodes import (
    Class,
    External,
    Function,
    Instance,
    Method,
    Node,
    merge,
    options,
)

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

MAX_ANCESTORS = 24
_PROPERTIES = frozenset({"property", "cached_property", "computed_field"})


def ancestors(evaluator: Evaluator, class_: Class) -> tuple[Class, ...]:
    """The class and its ancestors within the project, in the order of attribute look-up."""
    cache = evaluator.cache("ancestors")
    key = id(class_.fact)  # several of one name may stand in different branches
    if key not in cache:
        found: dict[int, Class] = {}
        _collect(evaluator, class_, found)
        cache[key] = tuple(found.values())
    kept: tuple[Class, ...] = cache[key]
    return kept


def _collect(evaluator: Evaluator, class_: Class, found: dict[int, Class]) -> None:
    key = id(class_.fact)  # several of one name may stand in different branches
    if key in found or len(found) >= MAX_ANCESTORS:
        return
    found[key] = class_
    for node in _bases(evaluator, class_):
        if isinstance(node, Class):
            _collect(evaluator, node, found)


def _bases(evaluator: Evaluator, class_: Class) -> Iterator[Node]:
    frame = evaluator.module_frame(class_.path)
    for base in class_.fact.bases:
        yield from options(evaluator.force(base, frame))


def library_bases(evaluator: Evaluator, class_: Class) -> tuple[str, ...]:
    """The library classes that a class of the project inherits from."""
    cache = evaluator.cache("library")
    key = id(class_.fact)  # several of one name may stand in different branches
    if key not in cache:
        nodes = (n for each in ancestors(evaluator, class_) for n in _bases(evaluator, each))
        names = (node.name for node in nodes if isinstance(node, External))
        cache[key] = tuple(dict.fromkeys(names))
    kept: tuple[str, ...] = cache[key]
    return kept


# --- classes as objects -------------------------------------------------------------------------


def class_attribute(evaluator: Evaluator, node: Class, name: str) -> Node:
    """`Class.name`: a method, a nested class, a constant of its body."""
    return found_in(evaluator, ancestors(evaluator, node), name, node) or Method(node, name)


def super_attribute(evaluator: Evaluator, node: Class, receiver: Node, name: str) -> Node:
    """`super().name` in a method of `node`."""
    return found_in(evaluator, ancestors(evaluator, node)[1:], name, receiver) or Method(
        receiver, name
    )


def found_in(
    evaluator: Evaluator, classes: tuple[Class, ...], name: str, receiver: Node
) -> Node | None:
    """What the bodies of some classes say of a name, the first that says something."""
    for class_ in classes:
        path, qualified = class_.path, f"{class_.fact.name}.{name}"
        meanings = evaluator.index.definitions.get((path, qualified))
        if meanings:
            return merge(
                [
                    Class(path, fact)
                    if isinstance(fact, ClassFact)
                    else _method(evaluator, Function(path, fact, receiver))
                    for fact in meanings
                ]
            )
        field = _field(class_, name)
        if field is not None and not isinstance(field.default, Absent):
            return evaluator.force(field.default, evaluator.module_frame(path))
    return None


def _method(evaluator: Evaluator, function: Function) -> Node:
    decorators = {name_of(each) for each in function.fact.decorators}
    if "staticmethod" in decorators:
        return Function(function.path, function.fact)
    if decorators & _PROPERTIES and isinstance(function.receiver, Instance):
        from loralint.values.calls import entered

        return entered(evaluator, function, (), None)
    if "classmethod" in decorators and isinstance(function.receiver, Instance):
        return Function(function.path, function.fact, function.receiver.class_)
    return function


def name_of(term: object) -> str:
    """The last part of a symbol's name, "" for other terms."""
    return term.name.rpartition(".")[2] if isinstance(term, Symbol) else ""


def _field(class_: Class, name: str) -> FieldFact | None:
    return next((field for field in class_.fact.fields if field.name == name), None)
