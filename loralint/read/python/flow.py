"""Statements: follow the straight-line flow of a module, a class body or a function.

Branches are followed each with its own names and joined afterwards; a branch that ends in
`return` or `raise` does not reach the join. A loop's body is followed once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence as Nodes
from typing import Any

import libcst as cst

from loralint.facts import Known, Reason, Term, Unknown
from loralint.read.places import Places
from loralint.read.python import terms
from loralint.read.python.compound import for_, if_, match_, try_, while_, with_
from loralint.read.python.definitions import Definitions
from loralint.read.python.evaluate import Evaluator
from loralint.read.python.frame import Names, join_branches
from loralint.read.python.imports import bind_import, bind_import_from

_EXITS = frozenset({"sys.exit", "exit", "quit", "os._exit", "parser.error"})


class Flow:
    """Executes statements abstractly in the evaluator's frame."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.places = Places(evaluator)
        self.definitions = Definitions(evaluator)

    @property
    def names(self) -> Names:
        """The names bound so far."""
        return self.evaluator.frame.names

    def block(self, statements: Nodes[cst.CSTNode]) -> bool:
        """Follow statements; True when the end is not reached."""
        for statement in statements:
            self.evaluator.recorder.enter(statement)
            handler = _STATEMENTS.get(type(statement))
            if handler is not None and handler(self, statement):
                return True
        return False

    def branches(self, bodies: Nodes[Callable[[], bool]]) -> bool:
        """Follow alternatives from the same beginning and join those that reach the end."""
        before = dict(self.names)
        reached: list[Names] = []
        for body in bodies:
            self.evaluator.frame.names = dict(before)
            if not body():
                reached.append(self.names)
        self.evaluator.frame.names = join_branches(reached) if reached else before
        return not reached


def _line(flow: Flow, node: cst.SimpleStatementLine | cst.SimpleStatementSuite) -> bool:
    return flow.block(node.body)


def _expression(flow: Flow, node: cst.Expr) -> bool:
    value = node.value.expression if isinstance(node.value, cst.Await) else node.value
    if not isinstance(value, cst.Call):
        flow.evaluator.term(value)
        return False
    if not flow.places.mutate(value):
        flow.evaluator.call(value, discarded=True)
    return _call_name(value) in _EXITS


def _call_name(node: cst.Call) -> str:
    if isinstance(node.func, cst.Attribute) and isinstance(node.func.value, cst.Name):
        return f"{node.func.value.value}.{node.func.attr.value}"
    return node.func.value if isinstance(node.func, cst.Name) else ""


def _assign(flow: Flow, node: cst.Assign) -> bool:
    value = flow.evaluator.term(node.value)
    for target in node.targets:
        flow.places.assign(target.target, value)
    return False


def _annotated(flow: Flow, node: cst.AnnAssign) -> bool:
    if node.value is not None:
        flow.places.assign(node.target, flow.evaluator.term(node.value))
    return False


def _augmented(flow: Flow, node: cst.AugAssign) -> bool:
    before, value = flow.evaluator.term(node.target), flow.evaluator.term(node.value)
    after: Term = Unknown(Reason.EXPRESSION, "arithmetic")
    if isinstance(node.operator, cst.AddAssign):
        after = terms.added(before, value)
    elif isinstance(node.operator, cst.BitOrAssign):
        after = terms.mapping(((None, before), (None, value)))
    flow.places.assign(node.target, after)
    return False


def _return(flow: Flow, node: cst.Return) -> bool:
    value = flow.evaluator.term(node.value) if node.value is not None else Known(None)
    flow.evaluator.frame.returns.append(value)
    return True


def _raise(flow: Flow, node: cst.Raise) -> bool:
    return True


def _global(flow: Flow, node: cst.Global) -> bool:
    flow.evaluator.frame.globals.update(item.name.value for item in node.names)
    return False


def _delete(flow: Flow, node: cst.Del) -> bool:
    if isinstance(node.target, cst.Name):
        flow.names.pop(node.target.value, None)
    return False


def _assert(flow: Flow, node: cst.Assert) -> bool:
    flow.evaluator.term(node.test)
    return False


def _function(flow: Flow, node: cst.FunctionDef) -> bool:
    flow.definitions.function(node)
    return False


def _class(flow: Flow, node: cst.ClassDef) -> bool:
    flow.definitions.class_(node, flow.block)
    return False


def _import(flow: Flow, node: cst.Import) -> bool:
    bind_import(flow.evaluator, node)
    return False


def _import_from(flow: Flow, node: cst.ImportFrom) -> bool:
    bind_import_from(flow.evaluator, node)
    return False


_STATEMENTS: dict[type[cst.CSTNode], Callable[[Flow, Any], bool]] = {
    cst.SimpleStatementLine: _line,
    cst.SimpleStatementSuite: _line,
    cst.Expr: _expression,
    cst.Assign: _assign,
    cst.AnnAssign: _annotated,
    cst.AugAssign: _augmented,
    cst.If: if_,
    cst.For: for_,
    cst.While: while_,
    cst.With: with_,
    cst.Try: try_,
    cst.TryStar: try_,
    cst.Match: match_,
    cst.Return: _return,
    cst.Raise: _raise,
    cst.Global: _global,
    cst.Del: _delete,
    cst.Assert: _assert,
    cst.FunctionDef: _function,
    cst.ClassDef: _class,
    cst.Import: _import,
    cst.ImportFrom: _import_from,
}
