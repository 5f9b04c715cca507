"""Compound statements: branches, loops, `with` and `try`.

`break` and `continue` are no ends: what was bound before them reaches the code after the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import libcst as cst

from loralint.facts import Known
from loralint.read.python import terms
from loralint.read.python.narrowing import narrowed, widen

if TYPE_CHECKING:
    from loralint.read.python.flow import Flow


def suite(flow: Flow, node: cst.BaseSuite) -> bool:
    """Follow the body of a compound statement."""
    return flow.block(node.body)


def if_(flow: Flow, node: cst.If) -> bool:
    """Both branches, or the one that a literal condition leaves."""
    test = flow.evaluator.term(node.test)
    constant = isinstance(node.test, (cst.Name, cst.Integer, cst.UnaryOperation))
    literal = constant and isinstance(test, Known) and _is_literal(node.test)
    bodies: list[Callable[[], bool]] = []
    if not (literal and isinstance(test, Known) and not test.value):
        bodies.append(lambda: _branch(flow, node, holds=True))
    if not (literal and isinstance(test, Known) and test.value):
        bodies.append(lambda: _branch(flow, node, holds=False))
    before = flow.names
    ended = flow.branches(bodies)
    widen(flow.names, before, node.test)
    return ended


def _branch(flow: Flow, node: cst.If, *, holds: bool) -> bool:
    frame = flow.evaluator.frame
    frame.names = narrowed(frame.names, node.test, holds=holds)
    return suite(flow, node.body) if holds else _orelse(flow, node.orelse)


def _is_literal(node: cst.BaseExpression) -> bool:
    """`False`, `0`, `not True`: what a person writes to switch code off."""
    if isinstance(node, cst.UnaryOperation):
        return _is_literal(node.expression)
    return isinstance(node, cst.Integer) or (
        isinstance(node, cst.Name) and node.value in ("True", "False", "None")
    )


def _orelse(flow: Flow, node: cst.If | cst.Else | None) -> bool:
    if isinstance(node, cst.If):
        flow.evaluator.recorder.enter(node)
        return if_(flow, node)
    return node is not None and suite(flow, node.body)


def for_(flow: Flow, node: cst.For) -> bool:
    """The target is any one element of the collection."""
    collection = flow.evaluator.term(node.iter)

    def body() -> bool:
        flow.evaluator.bind(node.target, terms.elements(collection))
        suite(flow, node.body)
        return False

    return _loop(flow, body, node.orelse)


def while_(flow: Flow, node: cst.While) -> bool:
    """The body, or nothing of it."""
    flow.evaluator.term(node.test)

    def body() -> bool:
        suite(flow, node.body)
        return False

    return _loop(flow, body, node.orelse)


def _loop(flow: Flow, body: Callable[[], bool], orelse: cst.Else | None) -> bool:
    flow.branches((lambda: False, body))
    if orelse is not None:
        suite(flow, orelse.body)
    return False


def with_(flow: Flow, node: cst.With) -> bool:
    """`with x as y` binds what `x` stands for."""
    for item in node.items:
        value = flow.evaluator.term(item.item)
        if item.asname is not None:
            flow.places.assign(item.asname.name, value)
    return suite(flow, node.body)


def try_(flow: Flow, node: cst.Try | cst.TryStar) -> bool:
    """The body, or what a handler makes of the state before it."""

    def body() -> bool:
        ended = suite(flow, node.body)
        if not ended and node.orelse is not None:
            ended = suite(flow, node.orelse.body)
        return ended

    handlers = [lambda h=handler: suite(flow, h.body) for handler in node.handlers]
    ended = flow.branches((body, *handlers))
    if node.finalbody is not None:
        ended = suite(flow, node.finalbody.body) or ended
    return ended


def match_(flow: Flow, node: cst.Match) -> bool:
    """Any one case, or none."""
    flow.evaluator.term(node.subject)
    cases = [lambda c=case: suite(flow, c.body) for case in node.cases]
    return flow.branches((*cases, lambda: False))
