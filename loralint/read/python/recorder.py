"""Collect what one module says while its flow is followed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loralint.facts import Argument, ClassFact, FunctionFact, Known, Result, Term

if TYPE_CHECKING:
    import libcst as cst

    from loralint.read.python.frame import Frame
    from loralint.read.python.origins import Origin


@dataclass(frozen=True, slots=True)
class PendingCall:
    """A recorded call whose position is still to be computed."""

    origin: Origin
    node: cst.CSTNode
    callee: Term
    arguments: tuple[Argument, ...]
    function: str
    discarded: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant with the literal that it was read from; it is kept so that its `id` stays."""

    known: Known
    origin: Origin
    node: cst.BaseExpression


@dataclass(slots=True)
class Recorder:
    """The facts of one module, growing; `origin` is where the statement at hand stands."""

    origin: Origin
    origins: dict[int, Origin]
    calls: list[PendingCall] = field(default_factory=list)
    functions: list[FunctionFact] = field(default_factory=list)
    classes: list[ClassFact] = field(default_factory=list)
    imports: dict[str, None] = field(default_factory=dict)
    star_imports: dict[str, None] = field(default_factory=dict)
    bodies: list[tuple[cst.FunctionDef, Frame]] = field(default_factory=list)
    attributes: dict[str, dict[str, list[Term]]] = field(default_factory=dict)
    rebound: dict[str, list[Term]] = field(default_factory=dict)
    literals: dict[int, Literal] = field(default_factory=dict)

    def literal(self, known: Known, node: cst.BaseExpression) -> Known:
        """Note which literal a constant was read from; it is found again by identity."""
        self.literals[id(known)] = Literal(known, self.origin, node)
        return known

    def enter(self, statement: cst.CSTNode) -> None:
        """Note which statement comes next."""
        self.origin = self.origins.get(id(statement), self.origin)

    def call(self, pending: PendingCall) -> Result:
        """Record a call and return what stands for its result."""
        self.calls.append(pending)
        return Result(len(self.calls) - 1)

    def attribute(self, class_: str, name: str, term: Term) -> None:
        """Note that a method of `class_` sets `self.name`."""
        self.attributes.setdefault(class_, {}).setdefault(name, []).append(term)
