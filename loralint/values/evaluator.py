"""The evaluator: terms with frames → nodes.

One entry, `force`; each kind of term has a handler. Results are kept, cycles and excess end in
Unknown: nothing that a file holds can make this run away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from loralint.facts import (
    ABSENT,
    Absent,
    Attribute,
    Choice,
    Default,
    Either,
    Elements,
    Existing,
    FunctionFact,
    Item,
    Join,
    Known,
    Mapping,
    Origin,
    OriginKind,
    Parameter,
    Reason,
    Result,
    Self,
    Sequence,
    Site,
    Symbol,
    Term,
    Unknown,
    Value,
)
from loralint.values import calls, names, objects, paths
from loralint.values.callers import Caller, Callers, FunctionKey
from loralint.values.classes import Classes
from loralint.values.commands import Commands
from loralint.values.evaluation import Evaluation, Library
from loralint.values.index import Index
from loralint.values.nodes import (
    Arguments,
    AttributeOf,
    Class,
    Evaluable,
    External,
    Frame,
    Function,
    Instance,
    ItemOf,
    MappingNode,
    Node,
    SequenceNode,
    Unevaluated,
    arguments_of,
    merge,
    options,
    soften,
)
from loralint.values.parameters import Parameters
from loralint.values.values import joined, value_of

MAX_DEPTH = 70
"""How many terms may be under way at once; Python's own stack ends soon after."""

BUDGET = 4_000
"""How many terms one question may look at."""


class Evaluator:
    """Evaluates the terms of one project; `libraries` makes what is known of libraries."""

    def __init__(self, index: Index, libraries: Callable[[Evaluation], Library]) -> None:
        self.index = index
        self.busy: set[object] = set()
        self._libraries = libraries
        self._frames: dict[str, Frame] = {}
        self._active: set[object] = set()
        self._left = BUDGET
        self._handlers: dict[type, Callable[[Any, Frame], Node]] = {}
        self._start({})
        # What was concluded while the calls of something computed were looked for did not know
        # of them: it is forgotten.
        self._start(self.callers.computed())

    def _start(self, computed: dict[FunctionKey, list[Caller]]) -> None:
        self._memo: dict[object, tuple[Term, Frame, Node]] = {}
        self.classes = Classes(self)
        self.callers = Callers(self, computed)
        self.commands = Commands(self)
        self.parameters = Parameters(self, self.callers)
        self._library = self._libraries(self)
        self._handlers = {
            Choice: self._choice,
            Item: self._item,
            Attribute: self._attribute,
            Join: self._join,
            Mapping: self._mapping,
            Sequence: self._sequence,
            Elements: self._elements,
            Either: self._either,
            Existing: self._existing,
            Self: self._self,
            Symbol: self._symbol,
            Parameter: self.parameters.of,
            Result: self._result,
            **self._library.terms,
        }

    def release(self) -> None:
        """Let go of all that was concluded; nothing can be asked any more.

        An evaluator and its parts refer to one another, so what they hold would otherwise stay
        until the collector of cycles comes by.
        """
        self._memo.clear()
        self._handlers.clear()
        del self.classes, self.callers, self.commands, self.parameters, self._library

    @property
    def library(self) -> Library:
        """What is known of libraries."""
        return self._library

    def module_frame(self, path: str) -> Frame:
        """The frame of a file's own code, where no parameter is bound."""
        if path not in self._frames:
            self._frames[path] = Frame(path)
        return self._frames[path]

    @property
    def spent(self) -> bool:
        """Whether the budget of the current question is used up: its answers are not kept."""
        return self._left < 0

    def spend(self) -> bool:
        """Take one step of the budget; False when it is used up."""
        self._left -= 1
        return self._left >= 0

    # --- questions ---

    def value(self, given: Evaluable) -> Value:
        """What a rule sees."""
        return value_of(self.look(given))

    def look(self, given: Evaluable) -> Node:
        """The node of something that may not be evaluated yet."""
        return self.force(given.term, given.frame) if isinstance(given, Unevaluated) else given

    def force(self, term: Term, frame: Frame) -> Node:
        """The node that a term stands for."""
        handler = self._handlers.get(type(term))
        if handler is None:
            return _scalar(term, frame)
        key = _key(term, frame)
        kept = self._memo.get(key)
        if kept is not None:
            return kept[2]
        if key in self._active:
            return Unknown(Reason.INVOLVED, "it depends on itself")
        if not self._active:  # a question of its own
            self._left = BUDGET
        if not self.spend() or len(self._active) + len(self.busy) > MAX_DEPTH:
            return Unknown(Reason.INVOLVED)
        self._active.add(key)
        try:
            node = handler(term, frame)
        finally:
            self._active.discard(key)
        if not self.spent:
            self._memo[key] = (term, frame, node)
        return node

    # --- parts of what was found: mutual recursion goes through these ---

    def attribute(self, node: Node, name: str) -> Node:
        """`node.name`."""
        return objects.attribute(self, node, name)

    def item(self, base: Node, key: Node, default: Evaluable | None = None) -> Node:
        """`base[key]`, or `base.get(key, default)`."""
        return objects.item(self, base, key, default)

    def element(self, base: Node) -> Node:
        """Any one element of a collection."""
        return objects.element(self, base)

    def lookup(self, mapping: MappingNode, key: str) -> Node | None:
        """What certainly stands under `key`; see `objects.lookup`."""
        return objects.lookup(self, mapping, key)

    def callee(self, site: Site, term: Term, frame: Frame) -> Node:
        """What is called at a site."""
        return calls.callee(self, site, term, frame)

    def call(self, node: Node, arguments: Arguments, frame: Frame, site: Site) -> Node:
        """What calling `node` returns."""
        return calls.returned(self, node, arguments, frame, site)

    def enter(
        self, node: Function, arguments: Arguments, frame: Frame | None, site: Site | None = None
    ) -> Node:
        """What a function of the project returns when it is called from `frame`."""
        inside = calls.frame_of(self, node, arguments, frame, site)
        return self.force(node.fact.returns, inside)

    def argument(
        self, arguments: Arguments, names: tuple[str, ...], position: int | None = None
    ) -> Node | None:
        """What a call gives for a parameter; None where it gives nothing."""
        return calls.argument(self, arguments, names, position)

    def positionals(self, arguments: Arguments) -> Iterator[Evaluable | None]:
        """The positional arguments, known spreads unfolded; None where an unknown one begins."""
        return calls.positionals(self, arguments)

    def keywords(self, arguments: Arguments) -> tuple[str, ...]:
        """The names of all keyword arguments, those of known spreads too."""
        return calls.keywords(self, arguments)

    def entries(self, path: str, function: str) -> list[Frame]:
        """The frames of a function, one for each call of it that is seen."""
        return self.callers.entries(path, function)

    def decided(
        self, paths: Iterable[str], names: Iterable[str], default: Node, origin: Origin
    ) -> Node:
        """An option whose parser stands in one of `paths`: what commands give, or its default."""
        return self.commands.decided(paths, names, default, origin)

    def function(self, path: str, name: str) -> FunctionFact | None:
        """A function of the project by its qualified name."""
        return self.index.functions.get((path, name))

    def ancestors(self, class_: Class) -> tuple[Class, ...]:
        """The class and its ancestors within the project, in the order of attribute look-up."""
        return self.classes.ancestors(class_)

    def library_bases(self, class_: Class) -> tuple[str, ...]:
        """The library classes that a class of the project inherits from."""
        return self.classes.library_bases(class_)

    def making(self, node: Instance, class_: Class) -> Frame:
        """The frame of the constructor of `class_` as it runs for an object."""
        return self.classes.making(node, class_)

    # --- the kinds of terms ---

    def _choice(self, term: Choice, frame: Frame) -> Node:
        return merge(self.force(value, frame) for value in term.values)

    def _attribute(self, term: Attribute, frame: Frame) -> Node:
        return self.attribute(self.force(term.base, frame), term.name)

    def _item(self, term: Item, frame: Frame) -> Node:
        base, key = self.force(term.base, frame), self.force(term.key, frame)
        if isinstance(base, External) and base.name == "sys.argv" and isinstance(key, Known):
            origin = Origin(OriginKind.COMMAND_LINE, frame.path, (f"sys.argv[{key.value}]",))
            return Unknown(Reason.OUTSIDE, "given on the command line", origin)
        default = None if isinstance(term.default, Absent) else Unevaluated(term.default, frame)
        return self.item(base, key, default)

    def _join(self, term: Join, frame: Frame) -> Node:
        node = joined([self.force(part, frame) for part in term.parts], term.separator)
        return merge(_anchored(each, frame.path) for each in options(node))

    def _mapping(self, term: Mapping, frame: Frame) -> Node:
        return MappingNode(tuple((key, Unevaluated(value, frame)) for key, value in term.entries))

    def _sequence(self, term: Sequence, frame: Frame) -> Node:
        return SequenceNode(tuple(Unevaluated(item, frame) for item in term.items))

    def _elements(self, term: Elements, frame: Frame) -> Node:
        base = self.force(term.base, frame)
        if frame.row is not None and frame.row[0] == term:
            return self.look(objects.rows(base)[frame.row[1]])
        return self.element(base)

    def _either(self, term: Either, frame: Frame) -> Node:
        if len(term.values) > 1:
            return self._first_true(term.values, frame)
        # what a condition found to be true, unless nothing of it may be
        node = self.force(term.values[0], frame)
        kept = [option for option in options(node) if not _is_false(option)]
        return merge(kept) if kept else node

    def _existing(self, term: Existing, frame: Frame) -> Node:
        """What was found on this machine is no repository, though it may be called like one."""
        return merge(paths.found(each) for each in options(self.force(term.path, frame)))

    def _first_true(self, values: tuple[Term, ...], frame: Frame) -> Node:
        """`a or b`: the first that counts as true, as far as that is known."""
        node = self.force(values[0], frame)
        if len(values) == 1:
            return node
        found: list[Node] = []
        for option in options(node):
            if isinstance(option, (Absent, Known)) and _is_false(option):
                found.append(self._first_true(values[1:], frame))
            elif isinstance(option, Default) and _is_false(option):
                found.append(soften(self._first_true(values[1:], frame), option.origin))
            else:
                found.append(option)
                if isinstance(option, (Unknown, AttributeOf, ItemOf)):  # may be None or empty
                    found.append(self._first_true(values[1:], frame))
        return merge(found)

    def _self(self, term: Self, frame: Frame) -> Node:
        for each in frame.enclosing():
            if isinstance(each.receiver, Instance):
                return each.receiver
        return self.classes.unseen_instance(frame.path, term.class_)

    def _symbol(self, term: Symbol, frame: Frame) -> Node:
        return names.resolve(self, frame.path, term)

    def _result(self, term: Result, frame: Frame) -> Node:
        site = Site(frame.path, term.call)
        call = self.index.call(site)
        called = self.callee(site, call.callee, frame)
        return self.call(called, arguments_of(call.arguments, frame), frame, site)


def _scalar(term: Term, frame: Frame) -> Node:
    """A term that is its own node, but for texts that stand for another one."""
    if isinstance(term, Known) and isinstance(term.value, str):
        if frame.interpolate is not None and "${" in term.value:
            return frame.interpolate(term.value)
        if term.value.startswith("__file__"):
            return Known(paths.anchored(term.value, frame.path))
    if type(term) is Unknown and term.stop is not None and not term.stop.file:
        return replace(term, stop=replace(term.stop, file=frame.path))
    return term  # type: ignore[return-value]  # the kinds without handler are nodes


def _anchored(node: Node, path: str) -> Node:
    if not isinstance(node, (Known, Default)) or not isinstance(node.value, str):
        return node
    text = paths.tidied(paths.anchored(node.value, path))
    return Known(text) if isinstance(node, Known) else Default(text, node.origin)


def _is_false(node: Node) -> bool:
    if isinstance(node, SequenceNode):
        return not node.items
    return node == ABSENT or (isinstance(node, (Known, Default)) and not node.value)


def _key(term: Term, frame: Frame) -> object:
    """Small terms by what they are, others by identity: the memo keeps term and frame alive."""
    if isinstance(term, Result):
        return (Result, term.call, id(frame))
    if isinstance(term, Symbol):
        return (term, frame.path)
    if isinstance(term, (Parameter, Self)):
        return (term, id(frame))
    return (id(term), id(frame))
