"""What flows into an object: the loads it comes from, and the calls on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loralint.linker import arguments as args, matching
from loralint.linker.index import Site
from loralint.linker.nodes import (
    Arguments,
    Instance,
    Many,
    Method,
    Node,
    Outcome,
    Part,
    Record,
    Row,
    Soft,
)

if TYPE_CHECKING:
    from loralint.linker.machine import Machine

MAX_STEPS = 200
"""How many objects are looked at for one question."""

Chain = tuple[Site, ...]
"""The calls that lead to a load, the innermost first."""

_MODEL = ("model", "base_model", "unet", "transformer", "pipeline", "llm")
_PASSING = frozenset({"prepare", "prepare_model"})


@dataclass(slots=True)
class Flow:
    """The nearest loads behind an object, each with the frame it ran in; the calls between."""

    loads: dict[tuple[Site, Chain], Outcome] = field(default_factory=dict)
    steps: dict[Site, None] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    kept: list[Node] = field(default_factory=list)


def trace(machine: Machine, node: Node) -> Flow:
    """Follow an object back to the loads that it is made of."""
    flow = Flow()
    _visit(machine, node, flow)
    return flow


def _visit(machine: Machine, node: Node, flow: Flow) -> None:
    if id(node) in flow.seen or len(flow.seen) > MAX_STEPS:
        return
    flow.seen.add(id(node))
    flow.kept.append(node)  # keeps its id its own
    handler = _HANDLERS.get(type(node))
    if handler is not None:
        handler(machine, node, flow)


def _many(machine: Machine, node: Many, flow: Flow) -> None:
    for option in node.options:
        _visit(machine, option, flow)


def _row(machine: Machine, node: Row, flow: Flow) -> None:
    for item in node.items:
        _visit(machine, machine.look(item), flow)


def _record(machine: Machine, node: Record, flow: Flow) -> None:
    """An object of which something was set: `model.config.use_cache = False`."""
    for key, given in node.entries:
        if key is None:
            _visit(machine, machine.look(given), flow)


def _soft(machine: Machine, node: Soft, flow: Flow) -> None:
    _visit(machine, node.node, flow)


def _attribute(machine: Machine, node: Method, flow: Flow) -> None:
    _visit(machine, node.receiver, flow)


def _part(machine: Machine, node: Part, flow: Flow) -> None:
    """An item of a result; `prepare(model, optimizer)` returns what it is given, in order."""
    if not isinstance(node.whole, Outcome) or _method(node.whole) not in _PASSING:
        _visit(machine, node.whole, flow)
        return
    call = machine.index.call((node.whole.path, node.whole.index))
    given = args.of_call(call.arguments, node.whole.frame)
    for position, each in enumerate(args.positionals(machine, given)):
        if position == node.key and each is not None:
            _visit(machine, machine.look(each), flow)


def _method(node: Outcome) -> str:
    return node.callee.name if isinstance(node.callee, Method) else ""


def _instance(machine: Machine, node: Instance, flow: Flow) -> None:
    if node.site is not None:
        flow.steps[node.site] = None
    _visit_model(machine, node.arguments or (), flow)


def _visit_model(machine: Machine, arguments: Arguments, flow: Flow) -> None:
    given = args.argument(machine, arguments, _MODEL, 0)
    if given is not None:
        _visit(machine, given, flow)


def _outcome(machine: Machine, node: Outcome, flow: Flow) -> None:
    site = (node.path, node.index)
    if loader_at(machine, site) is not None and not _is_wrapping(machine, node):
        flow.loads[site, node.frame.chain] = node
        return
    flow.steps[site] = None
    if isinstance(node.callee, Method):
        _visit(machine, node.callee.receiver, flow)
        if node.callee.name not in _PASSING:
            return
    call = machine.index.call(site)
    _visit_model(machine, args.of_call(call.arguments, node.frame), flow)


def _is_wrapping(machine: Machine, node: Outcome) -> bool:
    """A trainer that is given a model object loads nothing: the model flows through it."""
    from loralint.linker.sites import is_load

    return not is_load(machine, (node.path, node.index))


_HANDLERS: dict[type, Callable[[Any, Any, Flow], None]] = {
    Many: _many,
    Record: _record,
    Row: _row,
    Soft: _soft,
    Method: _attribute,
    Part: _part,
    Instance: _instance,
    Outcome: _outcome,
}


def loader_at(machine: Machine, site: Site) -> matching.Match | None:
    """How the call at a site loads, whoever calls; None where it does not."""
    cache = machine.cache("matches")
    if site not in cache:
        cache[site] = None  # while it is looked for: nothing loads through itself
        cache[site] = matching.match(machine, site, machine.module_frame(site[0]))
    found: matching.Match | None = cache[site]
    return found
