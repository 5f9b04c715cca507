"""Calls: what is called, what it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loralint.facts import Attribute, CallFact, Parameter, Reason, Site, Term, Unknown
from loralint.values import classes, libraries, parameters
from loralint.values.arguments import of_call
from loralint.values.nodes import (
    Arguments,
    Bound,
    Class,
    External,
    Frame,
    Function,
    Instance,
    Many,
    Method,
    Node,
    Outcome,
    Soft,
    merge,
)

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

MAX_CALLS = 10
"""How deep calls are followed into one another."""


def parameter(evaluator: Evaluator, term: Parameter, frame: Frame) -> Node:
    """A parameter: bound where its function was entered, else what all callers pass."""
    at: Frame | None = frame
    while at is not None:
        if at.function == term.function:
            return parameters.bound(evaluator, at, term.name)
        at = at.outer
    return parameters.unbound(evaluator, frame.path, term.function, term.name)


def result(evaluator: Evaluator, position: int, frame: Frame) -> Node:
    """What the call at `position` of the frame's file returns."""
    site = Site(frame.path, position)
    call = evaluator.index.call(site)
    called = evaluator.callee(site, call.callee, frame)
    return applied(evaluator, called, of_call(call.arguments, frame), frame, site)


def callee(evaluator: Evaluator, site: Site, term: Term, frame: Frame) -> Node:
    """What is called at a site; `super()` means the parents of the class around it."""
    if isinstance(term, Attribute) and term.base == Unknown(Reason.SUPER):
        return _of_parent(evaluator, evaluator.index.call(site), term.name, frame)
    return evaluator.force(term, frame)


def _of_parent(evaluator: Evaluator, call: CallFact, name: str, frame: Frame) -> Node:
    owner = call.function.rpartition(".")[0]
    fact = evaluator.index.classes.get((frame.path, owner))
    if fact is None:
        return Unknown(Reason.SUPER)
    class_ = Class(frame.path, fact)
    return classes.super_attribute(evaluator, class_, _receiver(frame) or class_, name)


def _receiver(frame: Frame) -> Node | None:
    at: Frame | None = frame
    while at is not None:
        if at.receiver is not None:
            return at.receiver
        at = at.outer
    return None


def applied(
    evaluator: Evaluator, node: Node, arguments: Arguments, frame: Frame, site: Site
) -> Node:
    """What calling `node` returns."""
    if isinstance(node, Many):
        return merge([applied(evaluator, each, arguments, frame, site) for each in node.options])
    if isinstance(node, (Soft, Bound)):
        inner = node.node if isinstance(node, Soft) else node.callee
        before = node.arguments if isinstance(node, Bound) else ()
        return applied(evaluator, inner, (*before, *arguments), frame, site)
    if isinstance(node, Function):
        return _call(evaluator, node, arguments, frame, site)
    if isinstance(node, Class):
        return Instance(node, arguments, frame=frame, site=site)
    outcome = Outcome(site, frame, node)
    if isinstance(node, (External, Method)):
        return libraries.interpreted(evaluator, outcome, node, arguments) or outcome
    return outcome


def _call(
    evaluator: Evaluator, node: Function, arguments: Arguments, frame: Frame, site: Site
) -> Node:
    if _overrides_loader(evaluator, node):
        return Outcome(site, frame, node)
    if frame.depth >= MAX_CALLS:
        return Unknown(Reason.INVOLVED, "calls nested too deeply to follow")
    return entered(evaluator, node, arguments, frame, site)


def _overrides_loader(evaluator: Evaluator, node: Function) -> bool:
    """A `from_pretrained` that a subclass of a library's class writes itself still loads."""
    return (
        node.fact.name.endswith(".from_pretrained") and library_owner(evaluator, node) is not None
    )


def library_owner(evaluator: Evaluator, node: Function) -> Class | None:
    """The project class of a method, if that class inherits from a library's."""
    receiver = node.receiver.class_ if isinstance(node.receiver, Instance) else node.receiver
    if not isinstance(receiver, Class):
        fact = evaluator.index.classes.get((node.path, node.fact.class_))
        receiver = Class(node.path, fact) if fact is not None else None
    if receiver is None or not classes.library_bases(evaluator, receiver):
        return None
    return receiver


def entered(
    evaluator: Evaluator,
    node: Function,
    arguments: Arguments,
    frame: Frame | None,
    site: Site | None = None,
) -> Node:
    """What a function of the project returns when it is called from `frame`."""
    return evaluator.force(node.fact.returns, frame_of(evaluator, node, arguments, frame, site))


def frame_of(
    evaluator: Evaluator,
    node: Function,
    arguments: Arguments,
    caller: Frame | None,
    site: Site | None,
) -> Frame:
    """The frame of a function that is entered."""
    return Frame(
        path=node.path,
        function=node.fact.name,
        arguments=arguments,
        outer=node.frame or _lexical(evaluator, node, caller),
        caller=caller,
        site=site,
        receiver=node.receiver,
        depth=caller.depth + 1 if caller is not None else 0,
    )


def _lexical(evaluator: Evaluator, node: Function, caller: Frame | None) -> Frame:
    """The frame that a nested function closes over: one of its callers, or the module."""
    owner = node.fact.name.rpartition(".")[0]
    at = caller
    while at is not None and owner:
        if at.path == node.path and at.function == owner:
            return at
        at = at.outer
    return evaluator.module_frame(node.path)
