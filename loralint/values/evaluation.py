"""What the parts of the evaluator ask of one another, and what libraries tell it.

Whatever is mutually recursive (an argument is an attribute of what a call returns ...) goes
through `Evaluation`, so no part imports another one for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from loralint.facts import FunctionFact, Origin, ParameterFact, Site, Term, Value
from loralint.values.index import Index
from loralint.values.nodes import (
    Arguments,
    AttributeOf,
    CallResult,
    Class,
    Evaluable,
    External,
    Frame,
    Function,
    Instance,
    MappingNode,
    Node,
    ParsedOptions,
)


class Evaluation(Protocol):
    """Evaluates the terms of one project."""

    index: Index
    busy: set[object]
    """What is being looked up in mappings just now."""

    @property
    def library(self) -> Library:
        """What is known of libraries."""

    def module_frame(self, path: str) -> Frame:
        """The frame of a file's own code, where no parameter is bound."""

    def spend(self) -> bool:
        """Take one step of the budget; False when it is used up."""

    @property
    def spent(self) -> bool:
        """Whether the budget of the current question is used up: its answers are not kept."""

    # --- questions ---

    def force(self, term: Term, frame: Frame) -> Node:
        """The node that a term stands for."""

    def look(self, given: Evaluable) -> Node:
        """The node of something that may not be evaluated yet."""

    def value(self, given: Evaluable) -> Value:
        """What a rule sees."""

    def attribute(self, node: Node, name: str) -> Node:
        """`node.name`."""

    def item(self, base: Node, key: Node, default: Evaluable | None = None) -> Node:
        """`base[key]`, or `base.get(key, default)`."""

    def element(self, base: Node) -> Node:
        """Any one element of a collection."""

    def lookup(self, mapping: MappingNode, key: str) -> Node | None:
        """What certainly stands under `key`; None where it is absent."""

    # --- calls ---

    def callee(self, site: Site, term: Term, frame: Frame) -> Node:
        """What is called at a site."""

    def call(self, node: Node, arguments: Arguments, frame: Frame, site: Site) -> Node:
        """What calling `node` returns."""

    def enter(
        self, node: Function, arguments: Arguments, frame: Frame | None, site: Site | None = None
    ) -> Node:
        """What a function of the project returns when it is called from `frame`."""

    def argument(
        self, arguments: Arguments, names: tuple[str, ...], position: int | None = None
    ) -> Node | None:
        """What a call gives for a parameter; None where it gives nothing."""

    def positionals(self, arguments: Arguments) -> Iterator[Evaluable | None]:
        """The positional arguments, known spreads unfolded; None where an unknown one begins."""

    def keywords(self, arguments: Arguments) -> tuple[str, ...]:
        """The names of all keyword arguments, those of known spreads too."""

    # --- definitions ---

    def function(self, path: str, name: str) -> FunctionFact | None:
        """A function of the project by its qualified name."""

    def ancestors(self, class_: Class) -> tuple[Class, ...]:
        """The class and its ancestors within the project, in the order of attribute look-up."""

    def library_bases(self, class_: Class) -> tuple[str, ...]:
        """The library classes that a class of the project inherits from."""

    def making(self, node: Instance, class_: Class) -> Frame:
        """The frame of the constructor of `class_` as it runs for an object."""

    def entries(self, path: str, function: str) -> list[Frame]:
        """The frames of a function, one for each call of it that is seen."""

    # --- outside the code ---

    def decided(
        self, paths: Iterable[str], names: Iterable[str], default: Node, origin: Origin
    ) -> Node:
        """An option whose parser stands in one of `paths`: what commands give, or its default."""


CallModel: TypeAlias = Callable[[CallResult, Arguments], "Node | None"]
"""What a call of a library returns, where that is data; else None."""

TermModel: TypeAlias = Callable[[Any, Frame], Node]
"""How a kind of term is evaluated of which libraries know more than the language."""


class Parsers(Protocol):
    """What is known of the options of command lines."""

    def option(self, options: ParsedOptions, name: str) -> Node:
        """`args.name`: the option's default, unless somebody says otherwise."""

    def has(self, options: ParsedOptions, name: str) -> bool:
        """Whether the parser certainly has this option."""


@dataclass(frozen=True)
class Library:
    """What libraries tell the evaluator.

    `functions` are found by their dotted name or by its last part, `methods` by name.
    `is_open` tells whether somebody outside the project's code calls a function with arguments of
    theirs, `parameter` what a decorator says of a parameter.
    """

    functions: Mapping[str, CallModel]
    methods: Mapping[str, CallModel]
    terms: Mapping[type, TermModel]
    parsers: Parsers
    is_open: Callable[[str, str], bool]
    parameter: Callable[[Function, ParameterFact], Node | None]

    def model(self, callee: Node) -> CallModel | None:
        """The model of a function or method that is called."""
        if isinstance(callee, External):
            last = callee.name.rpartition(".")[2]
            return self.functions.get(callee.name) or self.functions.get(last)
        return self.methods.get(callee.name) if isinstance(callee, AttributeOf) else None
