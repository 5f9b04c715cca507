"""Attributes and items of nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from loralint.facts import ABSENT, Absent, Default, Known, Unknown
from loralint.linker import arguments as args, classes, parsers, symbols
from loralint.linker.nodes import (
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

if TYPE_CHECKING:
    from loralint.linker.machine import Machine

MISSING = Unknown("there is no such key")
SPREAD = Unknown("in **kwargs")


# --- attributes ---------------------------------------------------------------------------------


def attribute(machine: Machine, node: Node, name: str) -> Node:
    """`node.name`."""
    handler = _ATTRIBUTES.get(type(node))
    return handler(machine, node, name) if handler is not None else Method(node, name)


def _of_many(machine: Machine, node: Many, name: str) -> Node:
    return merge([attribute(machine, option, name) for option in node.options])


def _of_soft(machine: Machine, node: Soft, name: str) -> Node:
    return soften(attribute(machine, node.node, name), f"{node.origin}.{name}")


def _of_record(machine: Machine, node: Record, name: str) -> Node:
    found = lookup(machine, node, name)
    if found is None:  # keys(), a method of a namespace
        return Method(node, name)
    return found


def _of_instance(machine: Machine, node: Instance, name: str) -> Node:
    return classes.instance_attribute(machine, node, name)


def _of_class(machine: Machine, node: Class, name: str) -> Node:
    return classes.class_attribute(machine, node, name)


def _of_module(machine: Machine, node: Module, name: str) -> Node:
    found = symbols.own(machine, node.path, [name])
    return found if found is not None else Unknown(f"{name} of {node.path} was not found")


def _of_external(machine: Machine, node: External, name: str) -> Node:
    return External(f"{node.name}.{name}")


def _of_namespace(machine: Machine, node: Namespace, name: str) -> Node:
    return parsers.option(machine, node, name)


def _of_foreign(machine: Machine, node: Foreign, name: str) -> Node:
    return Unknown(f"an option of {node.name}", f"{node.origin}.{name}")


def _of_outcome(machine: Machine, node: Outcome, name: str) -> Node:
    """What a library's configuration object was given: `TrainingArguments(output_dir=x)`."""
    callee = node.callee
    if isinstance(callee, External) and callee.name.endswith(("Config", "Arguments", "Args")):
        call = machine.index.call((node.path, node.index))
        arguments = tuple((given, node.frame) for given in call.arguments)
        found = args.argument(machine, arguments, (name,))
        if found is not None:
            return found
    return Method(node, name)


def _of_scalar(machine: Machine, node: Known | Default, name: str) -> Node:
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


def item(machine: Machine, base: Node, key: Node, default: Given | None = None) -> Node:
    """`base[key]`, or `base.get(key, default)`."""
    if isinstance(base, Many):
        return merge([item(machine, option, key, default) for option in base.options])
    if isinstance(base, Soft):
        suffix = f".{key.value}" if isinstance(key, (Known, Default)) else ""
        return soften(item(machine, base.node, key, default), f"{base.origin}{suffix}")
    if isinstance(key, Many):
        return merge([item(machine, base, option, default) for option in key.options])
    if isinstance(key, Default) and key.value is not None:
        return soften(item(machine, base, Known(key.value), default), key.origin)
    if isinstance(key, Known):
        return _at(machine, base, key, default)
    return _any(machine, base, default)


def _at(machine: Machine, base: Node, key: Known, default: Given | None) -> Node:
    if isinstance(base, Row):
        inside = type(key.value) is int and -len(base.items) <= key.value < len(base.items)
        return machine.look(base.items[key.value]) if inside else MISSING  # type: ignore[index]
    if isinstance(base, Record):
        return _or_default(machine, lookup(machine, base, str(key.value)), default)
    if isinstance(base, (Instance, Namespace, Foreign)) and isinstance(key.value, str):
        found = attribute(machine, base, key.value)
        return _or_default(machine, None if isinstance(found, Method) else found, default)
    if isinstance(base, Unknown) and base.origin:
        return Unknown(base.reason, f"{base.origin}.{key.value}")
    usable = isinstance(key.value, (str, int))
    return Part(base, key.value) if usable else Unknown("an item")  # type: ignore[arg-type]


def _or_default(machine: Machine, found: Node | None, default: Given | None) -> Node:
    if found is None:
        return machine.look(default) if default is not None else MISSING
    if isinstance(found, Many) and any(isinstance(option, Absent) for option in found.options):
        rest: list[Node] = [each for each in found.options if not isinstance(each, Absent)]
        return merge([*rest, *([machine.look(default)] if default is not None else [])])
    return found


def _any(machine: Machine, base: Node, default: Given | None) -> Node:
    """An item under a key that is not known: any of them."""
    given: list[Given] = []
    if isinstance(base, Record) and all(key is not None for key, _ in base.entries):
        given = [value for _, value in base.entries]
    elif isinstance(base, Row):
        given = list(base.items)
    if not 0 < len(given) <= MAX_OPTIONS:
        return Unknown("an item under a key that is not known")
    return merge([machine.look(each) for each in (*given, *([default] if default else []))])


def element(machine: Machine, base: Node) -> Node:
    """Any one element of a collection: a mapping is iterated by its keys."""
    if isinstance(base, Row) and base.items:
        return merge([machine.look(each) for each in base.items])
    if isinstance(base, Record):
        keys: list[Node] = [Known(key) for key, _ in base.entries if key is not None]
        return merge(keys) if len(keys) == len(base.entries) and keys else Unknown("a key")
    if isinstance(base, Many):
        return merge([element(machine, option) for option in base.options])
    if isinstance(base, Soft):
        return soften(element(machine, base.node), base.origin)
    return Unknown("an element of something that is not known")


# --- mappings -----------------------------------------------------------------------------------


def lookup(machine: Machine, record: Record, key: str, end: int | None = None) -> Node | None:
    """What certainly stands under `key`; None where it is absent, Unknown where a spread hides it.

    A key that may be absent (one branch sets it) is a choice with `Absent` in it. A mapping that
    spreads itself (`self.x = {**self.x, ...}`) adds nothing by that.
    """
    mark = (id(record), key)
    if end is None and (mark in machine.busy or not machine.spend()):
        return None
    machine.busy.add(mark)
    try:
        return _search(machine, record, key, len(record.entries) if end is None else end)
    finally:
        if end is None:
            machine.busy.discard(mark)


def _search(machine: Machine, record: Record, key: str, position: int) -> Node | None:
    while position > 0:
        position -= 1
        name, given = record.entries[position]
        if name == key:
            return _with_earlier(machine, record, key, position, machine.look(given))
        if name is None:
            spread = _spread(machine, machine.look(given), key)
            if spread is not None:
                return _with_earlier(machine, record, key, position, spread)
    return None


def _with_earlier(
    machine: Machine, record: Record, key: str, position: int, found: Node
) -> Node | None:
    """`found`, or where it may be absent what earlier entries say."""
    if not isinstance(found, (Many, Absent)) or not _may_lack(found):
        return found
    earlier = lookup(machine, record, key, position)
    if isinstance(found, Absent):
        return earlier
    kept: list[Node] = [option for option in found.options if not isinstance(option, Absent)]
    return merge([*kept, earlier if earlier is not None else ABSENT])


def _may_lack(node: Node) -> bool:
    if isinstance(node, Many):
        return any(isinstance(option, Absent) for option in node.options)
    return isinstance(node, Absent)


def _spread(machine: Machine, node: Node, key: str) -> Node | None:
    """What `**node` gives for a key; None where it certainly has none."""
    if isinstance(node, Record):
        return lookup(machine, node, key)
    if isinstance(node, Many):
        found = [_spread(machine, option, key) for option in node.options]
        missing = all(each is None for each in found)
        return None if missing else merge([ABSENT if each is None else each for each in found])
    if isinstance(node, Soft):
        return _soft_spread(machine, node, key)
    if isinstance(node, (Instance, Namespace)):
        return _field(machine, node, key)
    return None if isinstance(node, (Absent, Known)) else SPREAD


def _soft_spread(machine: Machine, node: Soft, key: str) -> Node | None:
    """A `{}` by default is there to be filled by the caller; a file by default is what it says."""
    origin = f"{node.origin}.{key}"
    if isinstance(node.node, Record) and not node.node.entries:
        return Default(None, origin)
    inner = _spread(machine, node.node, key)
    return None if inner is None else soften(inner, origin)


def _field(machine: Machine, node: Instance | Namespace, key: str) -> Node | None:
    if isinstance(node, Namespace):
        return parsers.option(machine, node, key) if parsers.has(machine, node, key) else None
    return attribute(machine, node, key) if classes.has_field(machine, node, key) else None


# --- objects ------------------------------------------------------------------------------------


def unseen_instance(machine: Machine, path: str, name: str) -> Node:
    """`self` in a method that nobody is seen to call: an object of unknown making."""
    made = machine.cache("unseen")
    if (path, name) not in made:
        fact = machine.index.classes.get((path, name))
        found = Instance(Class(path, fact)) if fact is not None else Unknown(f"class {name}")
        made[path, name] = found
    node: Node = made[path, name]
    return node


def is_function(node: Node, path: str, name: str) -> bool:
    """Whether a node is, or may be, this function of the project."""
    if isinstance(node, Many):
        return any(is_function(option, path, name) for option in node.options)
    return isinstance(node, Function) and (node.path, node.fact.name) == (path, name)
