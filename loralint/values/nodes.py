"""What a term is, as far as the evaluator has looked: a scalar, or something with parts.

A node is in head form: its own kind is known, its parts are still `Unevaluated`. Scalars are the
facts' own `Absent`, `Known`, `Default` and `Unknown`; inside the evaluator `Default(None)` stands
for an option that nobody has to give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

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
    and `site` tell how the function was entered. `receiver` is what `self` stands for. In a loop
    over a table that is followed row by row, `row` is the term of its elements and the number of
    the one that it is. Texts of a configuration that refers to itself are read by `interpolate`.
    """

    path: str
    function: str = ""
    arguments: Arguments = ()
    outer: Frame | None = None
    caller: Frame | None = None
    site: Site | None = None
    receiver: Node | None = None
    depth: int = 0
    row: tuple[Term, int] | None = None
    interpolate: Callable[[str], Node] | None = None

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

    def enclosing(self) -> Iterator[Frame]:
        """This frame and those around it, up to the file's own."""
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.outer


@dataclass(slots=True, eq=False)
class Unevaluated:
    """A term that has not been looked at, with its frame."""

    term: Term
    frame: Frame


@dataclass(slots=True, eq=False)
class OneOf:
    """One of several; with an `origin` it is known who decides which."""

    options: tuple[Node, ...]
    origin: Origin | None = None


@dataclass(slots=True, eq=False)
class ByDefault:
    """Something that holds unless somebody says otherwise: what is read from it is a default."""

    node: Node
    origin: Origin | None


@dataclass(slots=True, eq=False)
class MappingNode:
    """A mapping or namespace; a None key spreads another one, later entries win."""

    entries: tuple[tuple[str | None, Evaluable], ...]


@dataclass(slots=True, eq=False)
class SequenceNode:
    """A list, tuple or set."""

    items: tuple[Evaluable, ...]


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
class PartialCall:
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
class ParsedOptions:
    """What a parser of the command line returns: its options are the attributes."""

    parser: Node


@dataclass(slots=True, eq=False)
class FilledObject:
    """An object of a library's options class, filled from outside or with some `content`."""

    name: str
    origin: Origin
    content: Arguments = ()


@dataclass(slots=True, eq=False)
class CallResult:
    """What a call of a library returns."""

    site: Site
    frame: Frame
    callee: Node

    @property
    def path(self) -> str:
        """The file of the call."""
        return self.site.file

    @property
    def receiver(self) -> Node | None:
        """The object whose method is called."""
        return self.callee.receiver if isinstance(self.callee, AttributeOf) else None


@dataclass(slots=True, eq=False)
class AttributeOf:
    """An attribute of something whose inside nobody knows."""

    receiver: Node
    name: str


@dataclass(slots=True, eq=False)
class ItemOf:
    """An item of something whose inside nobody knows: `model, tokenizer = load()`."""

    whole: Node
    key: str | int | None


Node: TypeAlias = (
    Absent | Known | Default | Unknown | OneOf | ByDefault | MappingNode | SequenceNode | External
    | Module | Class | Function | PartialCall | Instance | ParsedOptions | FilledObject
    | CallResult | AttributeOf | ItemOf
)  # fmt: skip
Evaluable: TypeAlias = "Unevaluated | Node"
Arguments: TypeAlias = "tuple[tuple[Argument, Frame], ...]"
"""Arguments of a call, each with the frame in which it is written."""

MAX_OPTIONS = 24
"""Something that may be more different things than this is unknown."""


def merge(nodes: Iterable[Node], origin: Origin | None = None) -> Node:
    """One of `nodes`: flattened, without repeats."""
    found: dict[object, Node] = {}
    for node in nodes:
        for option in options(node):
            found.setdefault(_identity(option), option)
        if len(found) > MAX_OPTIONS:
            break
    if len(found) == 1:
        return next(iter(found.values()))
    if 0 < len(found) <= MAX_OPTIONS:
        return OneOf(tuple(found.values()), origin)
    return Unknown(Reason.INVOLVED, "too many possible values")


def _identity(node: Node) -> object:
    """What makes two nodes one option; most are so only where they are one object."""
    identity = _IDENTITIES.get(type(node))
    return identity(node) if identity is not None else id(node)


# 1 and True are equal in Python and are not the same option
_IDENTITIES: dict[type, Callable[[Any], object]] = {
    Known: lambda node: (node, type(node.value)),
    Default: lambda node: (node, type(node.value)),
    Unknown: lambda node: (Unknown, node.alike),
    Absent: lambda node: node,
    External: lambda node: (External, node.name),
    CallResult: lambda node: (node.site, id(node.frame)),
    Class: lambda node: (node.path, id(node.fact)),
}


def options(node: Node) -> tuple[Node, ...]:
    """The alternatives of a node; one that is no choice is its only one."""
    return node.options if isinstance(node, OneOf) else (node,)


def soften(node: Node, origin: Origin | None) -> Node:
    """`node` unless somebody says otherwise."""
    if isinstance(node, Known):
        return Default(node.value, origin)
    if isinstance(node, OneOf):
        return merge((soften(option, origin) for option in node.options), node.origin)
    if isinstance(node, (MappingNode, SequenceNode, Instance)):
        return ByDefault(node, origin)
    return node


def soften_option(node: Node, origin: Origin | None) -> Node:
    """The default of an option or field; an empty text asks for a value as None does."""
    if node == Known(None) or node == Known("") or isinstance(node, Absent):
        return Default(None, origin)
    return soften(node, origin)


def is_scalar(node: Node) -> bool:
    """Whether a node is a value, known or not, and no object."""
    return isinstance(node, (Known, Default, Unknown, Absent))


def arguments_of(given: Iterable[Argument], frame: Frame) -> Arguments:
    """The arguments of a call in the frame where it stands."""
    return tuple((argument, frame) for argument in given)
