"""The evaluator: terms with frames → nodes.

One entry, `force`; each kind of term has a handler, here or in the module that knows it. Results
are kept, cycles and excess end in Unknown: nothing that a file holds can make this run away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    FunctionFact,
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
    Term,
    Unknown,
    Value,
)
from loralint.linker import calls, data, objects, paths, symbols
from loralint.linker.index import Index
from loralint.linker.nodes import (
    Bound,
    Frame,
    Given,
    Instance,
    Lazy,
    Node,
    Record,
    Row,
    merge,
    options,
    soften,
)
from loralint.linker.values import joined, value_of

MAX_DEPTH = 70
"""How many terms may be under way at once; Python's own stack ends soon after."""

BUDGET = 4_000
"""How many terms one question may look at."""


class Machine:
    """Evaluates the terms of one project."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.caches: dict[str, dict[Any, Any]] = {}
        self._memo: dict[object, tuple[Term, Frame, Node]] = {}
        self._active: set[object] = set()
        self._frames: dict[str, Frame] = {}
        self.busy: set[object] = set()
        self._left = BUDGET

    def module_frame(self, path: str) -> Frame:
        """The frame of a file's own code, where no parameter is bound."""
        if path not in self._frames:
            self._frames[path] = Frame(path)
        return self._frames[path]

    def cache(self, name: str) -> dict[Any, Any]:
        """A store that lives as long as the machine."""
        return self.caches.setdefault(name, {})

    @property
    def spent(self) -> bool:
        """Whether the budget of the current question is used up: its answers are not kept."""
        return self._left < 0

    def forget(self) -> None:
        """Drop everything concluded so far."""
        self._memo.clear()
        self.caches.clear()

    def spend(self) -> bool:
        """Take one step of the budget; False when it is used up."""
        self._left -= 1
        return self._left >= 0

    # --- questions ---

    def value(self, given: Given) -> Value:
        """What a rule sees."""
        return value_of(self.look(given))

    def look(self, given: Given) -> Node:
        """The node of something given."""
        return self.force(given.term, given.frame) if isinstance(given, Lazy) else given

    def force(self, term: Term, frame: Frame) -> Node:
        """The node that a term stands for."""
        handler = _HANDLERS.get(type(term))
        if handler is None:
            return self._plain(term, frame)
        key = _key(term, frame)
        kept = self._memo.get(key)
        if kept is not None:
            return kept[2]
        return self._fresh(key, term, frame, handler)

    def _fresh(self, key: object, term: Term, frame: Frame, handler: Handler) -> Node:
        if key in self._active:
            return Unknown("it depends on itself")
        if not self._active:  # a question of its own
            self._left = BUDGET
        if not self.spend() or len(self._active) + len(self.busy) > MAX_DEPTH:
            return Unknown("too involved to follow")
        self._active.add(key)
        try:
            node = handler(self, term, frame)
        finally:
            self._active.discard(key)
        if self._left >= 0:
            self._memo[key] = (term, frame, node)
        return node

    def _plain(self, term: Term, frame: Frame) -> Node:
        if isinstance(term, Known) and isinstance(term.value, str):
            if frame.root is not None and "${" in term.value:
                return data.interpolated(self, term.value, frame)
            if term.value.startswith("__file__"):
                return Known(paths.anchored(term.value, frame.path))
        return term  # type: ignore[return-value]  # the kinds without handler are nodes

    # --- shared by handlers ---

    def function(self, path: str, name: str) -> FunctionFact | None:
        """A function of the project by its qualified name."""
        return self.index.functions.get((path, name))


Handler = Callable[[Machine, Any, Frame], Node]


def _key(term: Term, frame: Frame) -> object:
    """Small terms by what they are, others by identity: the memo keeps term and frame alive."""
    if isinstance(term, Result):
        return (Result, term.call, id(frame))
    if isinstance(term, Symbol):
        return (term, frame.path)
    if isinstance(term, (Parameter, Self)):
        return (term, id(frame))
    return (id(term), id(frame))


def _choice(machine: Machine, term: Choice, frame: Frame) -> Node:
    return merge([machine.force(value, frame) for value in term.values])


def _item(machine: Machine, term: Item, frame: Frame) -> Node:
    base, key = machine.force(term.base, frame), machine.force(term.key, frame)
    default = Lazy(term.default, frame) if not isinstance(term.default, Absent) else None
    return objects.item(machine, base, key, default)


def _attribute(machine: Machine, term: Attribute, frame: Frame) -> Node:
    return objects.attribute(machine, machine.force(term.base, frame), term.name)


def _join(machine: Machine, term: Join, frame: Frame) -> Node:
    node = joined([machine.force(part, frame) for part in term.parts], term.separator)
    if isinstance(node, Known) and isinstance(node.value, str):
        return Known(paths.anchored(node.value, frame.path))
    return node


def _mapping(machine: Machine, term: Mapping, frame: Frame) -> Node:
    return Record(tuple((key, Lazy(value, frame)) for key, value in term.entries))


def _sequence(machine: Machine, term: Sequence, frame: Frame) -> Node:
    return Row(tuple(Lazy(item, frame) for item in term.items))


def _elements(machine: Machine, term: Elements, frame: Frame) -> Node:
    return objects.element(machine, machine.force(term.base, frame))


def _either(machine: Machine, term: Either, frame: Frame) -> Node:
    return either(machine, [Lazy(value, frame) for value in term.values])


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


_HANDLERS: dict[type, Handler] = {
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
