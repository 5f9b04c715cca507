"""What flows into an object: the loads it comes from, and the calls on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loralint.facts import Site
from loralint.project import matching
from loralint.values.nodes import (
    Arguments,
    AttributeOf,
    ByDefault,
    CallResult,
    Instance,
    ItemOf,
    MappingNode,
    Node,
    OneOf,
    SequenceNode,
    arguments_of,
)

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

MAX_STEPS = 200
"""How many objects are looked at for one question."""

Chain = tuple[Site, ...]
"""The calls that lead to a load, the innermost first."""

_MODEL = ("model", "base_model", "unet", "transformer", "pipeline", "llm")
_PASSING = frozenset({"prepare", "prepare_model"})


@dataclass(slots=True)
class Flow:
    """The nearest loads behind an object, each with the frame it ran in; the calls between."""

    loads: dict[tuple[Site, Chain], CallResult] = field(default_factory=dict)
    steps: dict[Site, None] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    kept: list[Node] = field(default_factory=list)


def trace(evaluator: Evaluator, node: Node) -> Flow:
    """Follow an object back to the loads that it is made of."""
    flow = Flow()
    _visit(evaluator, node, flow)
    return flow


def _visit(evaluator: Evaluator, node: Node, flow: Flow) -> None:
    if id(node) in flow.seen or len(flow.seen) > MAX_STEPS:
        return
    flow.seen.add(id(node))
    flow.kept.append(node)  # keeps its id its own
    handler = _HANDLERS.get(type(node))
    if handler is not None:
        handler(evaluator, node, flow)


def _many(evaluator: Evaluator, node: OneOf, flow: Flow) -> None:
    for option in node.options:
        _visit(evaluator, option, flow)


def _row(evaluator: Evaluator, node: SequenceNode, flow: Flow) -> None:
    for item in node.items:
        _visit(evaluator, evaluator.look(item), flow)


def _record(evaluator: Evaluator, node: MappingNode, flow: Flow) -> None:
    """An object of which something was set: `model.config.use_cache = False`."""
    for key, given in node.entries:
        if key is None:
            _visit(evaluator, evaluator.look(given), flow)


def _soft(evaluator: Evaluator, node: ByDefault, flow: Flow) -> None:
    _visit(evaluator, node.node, flow)


def _attribute(evaluator: Evaluator, node: AttributeOf, flow: Flow) -> None:
    _visit(evaluator, node.receiver, flow)


def _part(evaluator: Evaluator, node: ItemOf, flow: Flow) -> None:
    """An item of a result; `prepare(model, optimizer)` returns what it is given, in order."""
    if not isinstance(node.whole, CallResult) or _method(node.whole) not in _PASSING:
        _visit(evaluator, node.whole, flow)
        return
    call = evaluator.index.call(node.whole.site)
    given = arguments_of(call.arguments, node.whole.frame)
    for position, each in enumerate(evaluator.positionals(given)):
        if position == node.key and each is not None:
            _visit(evaluator, evaluator.look(each), flow)


def _method(node: CallResult) -> str:
    return node.callee.name if isinstance(node.callee, AttributeOf) else ""


def _instance(evaluator: Evaluator, node: Instance, flow: Flow) -> None:
    if node.site is not None:
        flow.steps[node.site] = None
    _visit_model(evaluator, node.arguments or (), flow)


def _visit_model(evaluator: Evaluator, arguments: Arguments, flow: Flow) -> None:
    given = evaluator.argument(arguments, _MODEL, 0)
    if given is not None:
        _visit(evaluator, given, flow)


def _outcome(evaluator: Evaluator, node: CallResult, flow: Flow) -> None:
    site = node.site
    if loader_at(evaluator, site) is not None and not _is_wrapping(evaluator, node):
        flow.loads[site, node.frame.chain] = node
        return
    flow.steps[site] = None
    if isinstance(node.callee, AttributeOf):
        _visit(evaluator, node.callee.receiver, flow)
        if node.callee.name not in _PASSING:
            return
    call = evaluator.index.call(site)
    _visit_model(evaluator, arguments_of(call.arguments, node.frame), flow)


def _is_wrapping(evaluator: Evaluator, node: CallResult) -> bool:
    """A trainer that is given a model object loads nothing: the model flows through it."""
    from loralint.project.sites import is_load

    return not is_load(evaluator, node.site)


_HANDLERS: dict[type, Callable[[Any, Any, Flow], None]] = {
    OneOf: _many,
    MappingNode: _record,
    SequenceNode: _row,
    ByDefault: _soft,
    AttributeOf: _attribute,
    ItemOf: _part,
    Instance: _instance,
    CallResult: _outcome,
}


def loader_at(evaluator: Evaluator, site: Site) -> matching.Match | None:
    """How the call at a site loads, whoever calls; None where it does not."""
    cache = evaluator.cache("matches")
    if site not in cache:
        cache[site] = None  # while it is looked for: nothing loads through itself
        cache[site] = matching.match(evaluator, site, evaluator.module_frame(site[0]))
    found: matching.Match | None = cache[site]
    return found
