"""The evaluator: terms with frames → nodes.

One entry, `force`; each kind of term has a handler, here or in the module that knows it. Results
are kept, cycles and excess end in Unknown: nothing that a file holds can make this run away.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loralint.facts import (
    FunctionFact,
    Known,
    Parameter,
    Reason,
    Result,
    Self,
    Site,
    Symbol,
    Term,
    Unknown,
    Value,
)
from loralint.values import arguments as args, calls, data, mappings, objects, paths
from loralint.values.index import Index
from loralint.values.nodes import Arguments, Frame, Given, Lazy, Node, Record
from loralint.values.terms import HANDLERS, Handler
from loralint.values.values import value_of

MAX_DEPTH = 70
"""How many terms may be under way at once; Python's own stack ends soon after."""

BUDGET = 4_000
"""How many terms one question may look at."""


class Evaluator:
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
        """A store that lives as long as the evaluator."""
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
        handler = HANDLERS.get(type(term))
        if handler is None:
            return self._plain(term, frame)
        key = _key(term, frame)
        kept = self._memo.get(key)
        if kept is not None:
            return kept[2]
        return self._fresh(key, term, frame, handler)

    def _fresh(self, key: object, term: Term, frame: Frame, handler: Handler) -> Node:
        if key in self._active:
            return Unknown(Reason.INVOLVED, "it depends on itself")
        if not self._active:  # a question of its own
            self._left = BUDGET
        if not self.spend() or len(self._active) + len(self.busy) > MAX_DEPTH:
            return Unknown(Reason.INVOLVED)
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

    # --- parts of what was found: mutual recursion goes through these ---

    def attribute(self, node: Node, name: str) -> Node:
        """`node.name`."""
        return objects.attribute(self, node, name)

    def item(self, base: Node, key: Node, default: Given | None = None) -> Node:
        """`base[key]`, or `base.get(key, default)`."""
        return objects.item(self, base, key, default)

    def element(self, base: Node) -> Node:
        """Any one element of a collection."""
        return objects.element(self, base)

    def lookup(self, record: Record, key: str) -> Node | None:
        """What certainly stands under `key`; see `mappings.lookup`."""
        return mappings.lookup(self, record, key)

    def callee(self, site: Site, term: Term, frame: Frame) -> Node:
        """What is called at a site."""
        return calls.callee(self, site, term, frame)

    def call(self, node: Node, arguments: Arguments, frame: Frame, site: Site) -> Node:
        """What calling `node` returns."""
        return calls.applied(self, node, arguments, frame, site)

    def argument(
        self, arguments: Arguments, names: tuple[str, ...], position: int | None = None
    ) -> Node | None:
        """What a call gives for a parameter; None where it gives nothing."""
        return args.argument(self, arguments, names, position)

    def positionals(self, arguments: Arguments) -> Iterator[Given | None]:
        """The positional arguments, known spreads unfolded; None where an unknown one begins."""
        return args.positionals(self, arguments)

    def keywords(self, arguments: Arguments) -> tuple[str, ...]:
        """The names of all keyword arguments, those of known spreads too."""
        return args.keywords(self, arguments)

    # --- shared by handlers ---

    def function(self, path: str, name: str) -> FunctionFact | None:
        """A function of the project by its qualified name."""
        return self.index.functions.get((path, name))


def _key(term: Term, frame: Frame) -> object:
    """Small terms by what they are, others by identity: the memo keeps term and frame alive."""
    if isinstance(term, Result):
        return (Result, term.call, id(frame))
    if isinstance(term, Symbol):
        return (term, frame.path)
    if isinstance(term, (Parameter, Self)):
        return (term, id(frame))
    return (id(term), id(frame))
