"""How each kind of term is reduced."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from loralint.facts import (
    ABSENT,
    Absent,
    Attribute,
    Choice,
    Data,
    Default,
    Either,
    Elements,
    Environment,
    Item,
    Join,
    Known,
    Mapping,
    Parameter,
    Partial,
    Result,
    Self,
    Sequence,
    Symbol,
    Unknown,
)
from loralint.linker import calls, data, objects, paths, symbols
from loralint.linker.nodes import (
    Bound,
    External,
    Frame,
    Instance,
    Lazy,
    Node,
    Record,
    Row,
    merge,
    options,
    soften,
)
from loralint.linker.values import joined

if TYPE_CHECKING:
    from loralint.linker.machine import Machine

Handler = Callable[["Machine", Any, Frame], Node]


def _choice(machine: Machine, term: Choice, frame: Frame) -> Node:
    return merge([machine.force(value, frame) for value in term.values])


def _item(machine: Machine, term: Item, frame: Frame) -> Node:
    base, key = machine.force(term.base, frame), machine.force(term.key, frame)
    if isinstance(base, External) and base.name == "sys.argv" and isinstance(key, Known):
        return Unknown("given on the command line", f"{frame.path}:sys.argv[{key.value}]")
    default = Lazy(term.default, frame) if not isinstance(term.default, Absent) else None
    return objects.item(machine, base, key, default)


def _attribute(machine: Machine, term: Attribute, frame: Frame) -> Node:
    return objects.attribute(machine, machine.force(term.base, frame), term.name)


def _join(machine: Machine, term: Join, frame: Frame) -> Node:
    node = joined([machine.force(part, frame) for part in term.parts], term.separator)
    return merge([_anchored(each, frame.path) for each in options(node)])


def _anchored(node: Node, path: str) -> Node:
    if not isinstance(node, (Known, Default)) or not isinstance(node.value, str):
        return node
    text = paths.tidied(paths.anchored(node.value, path))
    return Known(text) if isinstance(node, Known) else Default(text, node.origin)


def _mapping(machine: Machine, term: Mapping, frame: Frame) -> Node:
    return Record(tuple((key, Lazy(value, frame)) for key, value in term.entries))


def _sequence(machine: Machine, term: Sequence, frame: Frame) -> Node:
    return Row(tuple(Lazy(item, frame) for item in term.items))


def _elements(machine: Machine, term: Elements, frame: Frame) -> Node:
    return objects.element(machine, machine.force(term.base, frame))


def _either(machine: Machine, term: Either, frame: Frame) -> Node:
    values = [Lazy(value, frame) for value in term.values]
    return either(machine, values) if len(values) > 1 else _true(machine.look(values[0]))


def _true(node: Node) -> Node:
    """What a condition found to be true: without what is not, unless nothing else is known."""
    kept = [option for option in options(node) if not _is_false(option)]
    return merge(kept) if kept else node


def _is_false(node: Node) -> bool:
    if isinstance(node, Row):
        return not node.items
    return isinstance(node, Absent) or (isinstance(node, (Known, Default)) and not node.value)


def either(machine: Machine, values: list[Lazy]) -> Node:
    """`a or b`: the first that counts as true, as far as that is known."""
    first, *rest = values
    node = machine.look(first)
    if not rest:
        return node
    found = [_or_rest(machine, option, rest) for option in options(node)]
    return merge(found)


def _or_rest(machine: Machine, node: Node, rest: list[Lazy]) -> Node:
    if isinstance(node, Absent) or (isinstance(node, Known) and not node.value):
        return either(machine, rest)
    if isinstance(node, Default) and not node.value:
        return soften(either(machine, rest), node.origin)
    return node


def _environment(machine: Machine, term: Environment, frame: Frame) -> Node:
    origin = f"env:{term.name}"
    written = data.dotenv(machine, term.name, frame.path)
    if written is not None:
        return soften(written, origin)
    default = machine.force(term.default, frame)
    if default == ABSENT or default == Known(None):
        return Default(None, origin)
    return soften(default, origin)


def _data(machine: Machine, term: Data, frame: Frame) -> Node:
    return data.content(machine, term, frame)


def _partial(machine: Machine, term: Partial, frame: Frame) -> Node:
    arguments = tuple((argument, frame) for argument in term.arguments)
    return Bound(machine.force(term.callee, frame), arguments)


def _self(machine: Machine, term: Self, frame: Frame) -> Node:
    at: Frame | None = frame
    while at is not None:
        if isinstance(at.receiver, Instance):
            return at.receiver
        at = at.outer
    return objects.unseen_instance(machine, frame.path, term.class_)


def _symbol(machine: Machine, term: Symbol, frame: Frame) -> Node:
    return symbols.resolve(machine, frame.path, term)


def _parameter(machine: Machine, term: Parameter, frame: Frame) -> Node:
    return calls.parameter(machine, term, frame)


def _result(machine: Machine, term: Result, frame: Frame) -> Node:
    return calls.result(machine, term.call, frame)


HANDLERS: dict[type, Handler] = {
    Choice: _choice,
    Item: _item,
    Attribute: _attribute,
    Join: _join,
    Mapping: _mapping,
    Sequence: _sequence,
    Elements: _elements,
    Either: _either,
    Environment: _environment,
    Data: _data,
    Partial: _partial,
    Self: _self,
    Symbol: _symbol,
    Parameter: _parameter,
    Result: _result,
}
