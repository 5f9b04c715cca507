"""Attributes and items of nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from loralint.facts import Absent, Default, Known, Reason, Unknown
from loralint.values import (
    classes,
    commands,
    mappings,
    members,
    parsers,
    symbols,
)
from loralint.values.nodes import (
    MAX_OPTIONS,
    Class,
    External,
    Foreign,
    Function,
    Given,
    Instance,
    Many,
    Method,
    Module,
    Namespace,
    Node,
    Outcome,
    Part,
    Record,
    Row,
    Soft,
    merge,
    soften,
)
from loralint.values.values import SPREAD

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

MISSING = Unknown(Reason.NO_SUCH_KEY)


# --- attributes ---------------------------------------------------------------------------------


def attribute(evaluator: Evaluator, node: Node, name: str) -> Node:
    """`node.name`."""
    handler = _ATTRIBUTES.get(type(node))
    return handler(evaluator, node, name) if handler is not None else Method(node, name)


def _of_many(evaluator: Evaluator, node: Many, name: str) -> Node:
    return merge([attribute(evaluator, option, name) for option in node.options])


def _of_soft(evaluator: Evaluator, node: Soft, name: str) -> Node:
    origin = node.origin.item(name) if node.origin is not None else None
    return soften(attribute(evaluator, node.node, name), origin)


def _of_record(evaluator: Evaluator, node: Record, name: str) -> Node:
    found = evaluator.lookup(node, name)
    if found is not None and found != SPREAD:
        return found
    whole = mappings.changed(evaluator, node)
    if whole is not None:
        return attribute(evaluator, whole, name)
    return found if found is not None else Method(node, name)  # keys(), a namespace's method


def _of_instance(evaluator: Evaluator, node: Instance, name: str) -> Node:
    return members.instance_attribute(evaluator, node, name)


def _of_class(evaluator: Evaluator, node: Class, name: str) -> Node:
    return classes.class_attribute(evaluator, node, name)


def _of_module(evaluator: Evaluator, node: Module, name: str) -> Node:
    found = symbols.own(evaluator, node.path, [name])
    return found if found is not None else Unknown(Reason.NOT_FOUND, f"{name} of {node.path}")


def _of_external(evaluator: Evaluator, node: External, name: str) -> Node:
    return External(f"{node.name}.{name}")


def _of_namespace(evaluator: Evaluator, node: Namespace, name: str) -> Node:
    return parsers.option(evaluator, node, name)


def _of_foreign(evaluator: Evaluator, node: Foreign, name: str) -> Node:
    origin = node.origin.item(name)
    unknown = Unknown(Reason.OPTION, f"an option of {node.name}", origin)
    return commands.decided(evaluator, (node.origin.file,), (name,), unknown, origin)


def _of_outcome(evaluator: Evaluator, node: Outcome, name: str) -> Node:
    """What a library's configuration object was given: `TrainingArguments(output_dir=x)`."""
    callee = node.callee
    if isinstance(callee, External) and callee.name.endswith(("Config", "Arguments", "Args")):
        call = evaluator.index.call(node.site)
        arguments = tuple((given, node.frame) for given in call.arguments)
        found = evaluator.argument(arguments, (name,))
        if found is not None:
            return found
    return Method(node, name)


def _of_scalar(evaluator: Evaluator, node: Known | Default, name: str) -> Node:
    """`.value` of an enum's member is what the member was set to."""
    return node if name in ("value", "name") else Method(node, name)


_ATTRIBUTES: dict[type, Callable[[Any, Any, str], Node]] = {
    Many: _of_many,
    Soft: _of_soft,
    Record: _of_record,
    Instance: _of_instance,
    Class: _of_class,
    Module: _of_module,
    External: _of_external,
    Namespace: _of_namespace,
    Foreign: _of_foreign,
    Outcome: _of_outcome,
    Known: _of_scalar,
    Default: _of_scalar,
}


# --- items --------------------------------------------------------------------------------------


def item(evaluator: Evaluator, base: Node, key: Node, default: Given | None = None) -> Node:
    """`base[key]`, or `base.get(key, default)`."""
    if isinstance(base, Many):
        return merge([item(evaluator, option, key, default) for option in base.options])
    if isinstance(base, Soft):
        found = item(evaluator, base.node, key, default)
        # what a file by default lacks, another file may have
        origin = base.origin
        if origin is not None and isinstance(key, (Known, Default)):
            origin = origin.item(key.value)
        return Default(None, origin) if found is MISSING else soften(found, origin)
    if isinstance(key, Many):
        return merge([item(evaluator, base, option, default) for option in key.options])
    if isinstance(key, Default) and key.value is not None:
        return soften(item(evaluator, base, Known(key.value), default), key.origin)
    if isinstance(key, Known):
        return _at(evaluator, base, key, default)
    return _any(evaluator, base, default)


def _at(evaluator: Evaluator, base: Node, key: Known, default: Given | None) -> Node:
    if isinstance(base, Row):
        inside = type(key.value) is int and -len(base.items) <= key.value < len(base.items)
        return evaluator.look(base.items[key.value]) if inside else MISSING  # type: ignore[index]
    if isinstance(base, Record):
        return _or_default(evaluator, evaluator.lookup(base, str(key.value)), default)
    if isinstance(base, (Instance, Namespace, Foreign)) and isinstance(key.value, str):
        found = attribute(evaluator, base, key.value)
        return _or_default(evaluator, None if isinstance(found, Method) else found, default)
    if isinstance(base, Unknown) and base.origin is not None:
        return Unknown(base.reason, base.what, base.origin.item(key.value))
    usable = isinstance(key.value, (str, int))
    return Part(base, key.value) if usable else Unknown(Reason.EXPRESSION, "an item")  # type: ignore[arg-type]


def _or_default(evaluator: Evaluator, found: Node | None, default: Given | None) -> Node:
    if found is None:
        return evaluator.look(default) if default is not None else MISSING
    if isinstance(found, Many) and any(isinstance(option, Absent) for option in found.options):
        rest: list[Node] = [each for each in found.options if not isinstance(each, Absent)]
        return merge([*rest, *([evaluator.look(default)] if default is not None else [])])
    return found


def _any(evaluator: Evaluator, base: Node, default: Given | None) -> Node:
    """An item under a key that is not known: any of them."""
    given: list[Given] = []
    if isinstance(base, Record) and all(key is not None for key, _ in base.entries):
        given = [value for _, value in base.entries]
    elif isinstance(base, Row):
        given = list(base.items)
    if not 0 < len(given) <= MAX_OPTIONS:
        return Unknown(Reason.EXPRESSION, "an item under a key that is not known")
    return merge([evaluator.look(each) for each in (*given, *([default] if default else []))])


def element(evaluator: Evaluator, base: Node) -> Node:
    """Any one element of a collection: a mapping is iterated by its keys."""
    if isinstance(base, Row) and base.items:
        return merge([evaluator.look(each) for each in base.items])
    if isinstance(base, Record):
        keys: list[Node] = [Known(key) for key, _ in base.entries if key is not None]
        return (
            merge(keys)
            if len(keys) == len(base.entries) and keys
            else Unknown(Reason.EXPRESSION, "a key")
        )
    if isinstance(base, Many):
        return merge([element(evaluator, option) for option in base.options])
    if isinstance(base, Soft):
        return soften(element(evaluator, base.node), base.origin)
    return Unknown(Reason.EXPRESSION, "an element of something that is not known")


def unseen_instance(evaluator: Evaluator, path: str, name: str) -> Node:
    """`self` in a method that nobody is seen to call: an object of unknown making."""
    made = evaluator.cache("unseen")
    if (path, name) not in made:
        fact = evaluator.index.classes.get((path, name))
        found = (
            Instance(Class(path, fact))
            if fact is not None
            else Unknown(Reason.NOT_FOUND, f"class {name}")
        )
        made[path, name] = found
    node: Node = made[path, name]
    return node


def is_function(node: Node, path: str, name: str) -> bool:
    """Whether a node is, or may be, this function of the project."""
    if isinstance(node, Many):
        return any(is_function(option, path, name) for option in node.options)
    return isinstance(node, Function) and (node.path, node.fact.name) == (path, name)
