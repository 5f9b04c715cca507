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
    Origin,
    OriginKind,
    Parameter,
    Partial,
    Reason,
    Result,
    Self,
    Sequence,
    Symbol,
    Unknown,
)
from loralint.values import calls, data, objects, paths, symbols
from loralint.values.nodes import (
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
from loralint.values.values import joined

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

Handler = Callable[["Evaluator", Any, Frame], Node]


def _choice(evaluator: Evaluator, term: Choice, frame: Frame) -> Node:
    return merge([evaluator.force(value, frame) for value in term.values])


def _item(evaluator: Evaluator, term: Item, frame: Frame) -> Node:
    base, key = evaluator.force(term.base, frame), evaluator.force(term.key, frame)
    if isinstance(base, External) and base.name == "sys.argv" and isinstance(key, Known):
        origin = Origin(OriginKind.COMMAND_LINE, frame.path, (f"sys.argv[{key.value}]",))
        return Unknown(Reason.OUTSIDE, "given on the command line", origin)
    default = Lazy(term.default, frame) if not isinstance(term.default, Absent) else None
    return evaluator.item(base, key, default)


def _attribute(evaluator: Evaluator, term: Attribute, frame: Frame) -> Node:
    return evaluator.attribute(evaluator.force(term.base, frame), term.name)


def _join(evaluator: Evaluator, term: Join, frame: Frame) -> Node:
    node = joined([evaluator.force(part, frame) for part in term.parts], term.separator)
    return merge([_anchored(each, frame.path) for each in options(node)])


def _anchored(node: Node, path: str) -> Node:
    if not isinstance(node, (Known, Default)) or not isinstance(node.value, str):
        return node
    text = paths.tidied(paths.anchored(node.value, path))
    return Known(text) if isinstance(node, Known) else Default(text, node.origin)


def _mapping(evaluator: Evaluator, term: Mapping, frame: Frame) -> Node:
    return Record(tuple((key, Lazy(value, frame)) for key, value in term.entries))


def _sequence(evaluator: Evaluator, term: Sequence, frame: Frame) -> Node:
    return Row(tuple(Lazy(item, frame) for item in term.items))


def _elements(evaluator: Evaluator, term: Elements, frame: Frame) -> Node:
    return evaluator.element(evaluator.force(term.base, frame))


def _either(evaluator: Evaluator, term: Either, frame: Frame) -> Node:
    values = [Lazy(value, frame) for value in term.values]
    return either(evaluator, values) if len(values) > 1 else _true(evaluator.look(values[0]))


def _true(node: Node) -> Node:
    """What a condition found to be true: without what is not, unless nothing else is known."""
    kept = [option for option in options(node) if not _is_false(option)]
    return merge(kept) if kept else node


def _is_false(node: Node) -> bool:
    if isinstance(node, Row):
        return not node.items
    return isinstance(node, Absent) or (isinstance(node, (Known, Default)) and not node.value)


def either(evaluator: Evaluator, values: list[Lazy]) -> Node:
    """`a or b`: the first that counts as true, as far as that is known."""
    first, *rest = values
    node = evaluator.look(first)
    if not rest:
        return node
    found = [_or_rest(evaluator, option, rest) for option in options(node)]
    return merge(found)


def _or_rest(evaluator: Evaluator, node: Node, rest: list[Lazy]) -> Node:
    if isinstance(node, Absent) or (isinstance(node, Known) and not node.value):
        return either(evaluator, rest)
    if isinstance(node, Default) and not node.value:
        return soften(either(evaluator, rest), node.origin)
    return node


def _environment(evaluator: Evaluator, term: Environment, frame: Frame) -> Node:
    origin = Origin(OriginKind.ENVIRONMENT, name=(term.name,))
    written = data.dotenv(evaluator, term.name, frame.path)
    if written is not None:
        return soften(written, origin)
    default = evaluator.force(term.default, frame)
    if default == ABSENT or default == Known(None):
        return Default(None, origin)
    return soften(default, origin)


def _data(evaluator: Evaluator, term: Data, frame: Frame) -> Node:
    return data.content(evaluator, term, frame)


def _partial(evaluator: Evaluator, term: Partial, frame: Frame) -> Node:
    arguments = tuple((argument, frame) for argument in term.arguments)
    return Bound(evaluator.force(term.callee, frame), arguments)


def _self(evaluator: Evaluator, term: Self, frame: Frame) -> Node:
    at: Frame | None = frame
    while at is not None:
        if isinstance(at.receiver, Instance):
            return at.receiver
        at = at.outer
    return objects.unseen_instance(evaluator, frame.path, term.class_)


def _symbol(evaluator: Evaluator, term: Symbol, frame: Frame) -> Node:
    return symbols.resolve(evaluator, frame.path, term)


def _parameter(evaluator: Evaluator, term: Parameter, frame: Frame) -> Node:
    return calls.parameter(evaluator, term, frame)


def _result(evaluator: Evaluator, term: Result, frame: Frame) -> Node:
    return calls.result(evaluator, term.call, frame)


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
