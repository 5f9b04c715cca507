"""What a term is, as far as the evaluator has looked: a scalar, or something with parts.

A node is in head form: its own kind is known, its parts are still `Lazy`. Scalars are the facts'
own `Absent`, `Known`, `Default` and `Unknown`; inside the evaluator `Default(None)` stands for an
option that nobody has to give.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from loralint.facts import (
    Absent,
    Argument,
    ClassFact,
    Default,
    FunctionFact,
    Known,
    Origin,
    Reason,
    Site,
    Term,
    Unknown,
)


@dataclass(slots=True, eq=False)
class Frame:
    """Where a term is evaluated: the file, and the arguments of the functions entered.

    `outer` is the lexically enclosing frame, up to the file's own (`function` is ""); `caller`
    and `site` (a file and the index of its call) tell how the function was entered. `receiver` is
    what `self` stands for. `root` is the whole of a configuration, for its interpolations.
    """

    path: str
    function: str = ""
    arguments: Arguments = ()
    outer: Frame | None = None
    caller: Frame | None = None
    site: Site | None = None
    receiver: Node | None = None
    root: Node | None = None
    depth: int = 0

    @property
    def chain(self) -> tuple[Site, ...]:
        """The calls that lead here, the innermost first."""
        sites: list[Site] = []
        frame: Frame | None = self
        while frame is not None:
            if frame.site is not None:
                sites.append(frame.site)
            frame = frame.caller
        return tuple(sites)


@dataclass(slots=True, eq=False)
class Lazy:
    """A term that has not been looked at, with its frame."""

    term: Term
    frame: Frame


@dataclass(slots=True, eq=False)
class Many:
    """One of several."""

    options: tuple[Node, ...]


@dataclass(slots=True, eq=False)
class Soft:
    """Something that holds unless somebody says otherwise: what is read from it is a default."""

    node: Node
    origin: Origin | None


@dataclass(slots=True, eq=False)
class Record:
    """A mapping or namespace; a None key spreads another one, later entries win."""

    entries: tuple[tuple[str | None, Given], ...]


@dataclass(slots=True, eq=False)
class Row:
    """A sequence."""

    items: tuple[Given, ...]


@dataclass(slots=True, eq=False)
class External:
    """A name of a library: the dotted name under which the code imports it."""

    name: str


@dataclass(slots=True, eq=False)
class Module:
    """A module of the project."""

    path: str


@dataclass(slots=True, eq=False)
class Class:
    """A class of the project."""

    path: str
    fact: ClassFact


@dataclass(slots=True, eq=False)
class Function:
    """A function of the project; `receiver` is bound to its first parameter."""

    path: str
    fact: FunctionFact
    receiver: Node | None = None
    frame: Frame | None = None


@dataclass(slots=True, eq=False)
class Method:
    """An attribute of something whose inside nobody knows."""

    receiver: Node
    name: str


@dataclass(slots=True, eq=False)
class Bound:
    """`partial(callee, *arguments)`."""

    callee: Node
    arguments: Arguments


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a project class.

    `arguments` is None where the call that makes it is not seen. With an `origin` whoever runs
    the code may set any field (a parser fills it), so what the class says is a default.
    """

    class_: Class
    arguments: Arguments | None = None
    origin: Origin | None = None
    frame: Frame | None = None
    site: Site | None = None
    busy: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Namespace:
    """What an argparse parser returns."""

    parser: Node


@dataclass(slots=True, eq=False)
class Foreign:
    """An object of a library's options class, filled from outside."""

    name: str
    origin: Origin


@dataclass(slots=True, eq=False)
class Outcome:
    """What a call of a library returns."""

    site: Site
    frame: Frame
    callee: Node

    @property
    def path(self) -> str:
        """The file of the call."""
        return self.site.file


@dataclass(slots=True, eq=False)
class Part:
    """An item of something whose inside nobody knows: `model, tokenizer = load()`."""

    whole: Node
    key: str | int | None


Node: TypeAlias = (
    Absent | Known | Default | Unknown | Many | Soft | Record | Row | External | Module | Class
    | Function | Method | Bound | Instance | Namespace | Foreign | Outcome | Part
)  # fmt: skip
Given: TypeAlias = "Lazy | Node"
Arguments: TypeAlias = "tuple[tuple[Argument, Frame], ...]"

MAX_OPTIONS = 24
"""Something that may be more different things than this is unknown."""


def merge(nodes: list[Node]) -> Node:
    """One of `nodes`: flattened, without repeats."""
    flat: list[Node] = []
    for node in nodes:
        for option in node.options if isinstance(node, Many) else (node,):
            if not any(option is seen or _equal(option, seen) for seen in flat):
                flat.append(option)
    if len(flat) == 1:
        return flat[0]
    return (
        Many(tuple(flat))
        if 0 < len(flat) <= MAX_OPTIONS
        else Unknown(Reason.INVOLVED, "too many possible values")
    )


def _equal(one: Node, other: Node) -> bool:
    if isinstance(one, External) and isinstance(other, External):
        return one.name == other.name
    if isinstance(one, Outcome) and isinstance(other, Outcome):
        return (one.site, one.frame) == (other.site, other.frame)
    if isinstance(one, Class) and isinstance(other, Class):
        return one.path == other.path and one.fact is other.fact
    plain = isinstance(one, (Known, Default, Unknown, Absent))
    return plain and type(one) is type(other) and one == other and _same_type(one, other)


def _same_type(one: Node, other: Node) -> bool:
    """1 and True are equal in Python and are not the same option."""
    if isinstance(one, (Known, Default)) and isinstance(other, (Known, Default)):
        return type(one.value) is type(other.value)
    return True


def options(node: Node) -> tuple[Node, ...]:
    """The alternatives of a node; one that is no choice is its only one."""
    return node.options if isinstance(node, Many) else (node,)


def soften(node: Node, origin: Origin | None) -> Node:
    """`node` unless somebody says otherwise."""
    if isinstance(node, Known):
        return Default(node.value, origin)
    if isinstance(node, Many):
        return merge([soften(option, origin) for option in node.options])
    if isinstance(node, (Record, Row, Instance)):
        return Soft(node, origin)
    return node
