"""Expressions → terms.

`Evaluator.term` walks an expression once: it records the calls in it and returns what the whole
stands for. What it cannot follow is Unknown with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence as Nodes

import libcst as cst

from loralint.facts import (
    Argument,
    Environment,
    Known,
    Reason,
    Self,
    Symbol,
    Term,
    Unknown,
)
from loralint.read.python import terms
from loralint.read.python.calls import Calls
from loralint.read.python.expressions import HANDLERS
from loralint.read.python.frame import Frame, variable
from loralint.read.python.recorder import Recorder

_CONSTANTS: dict[str, Term] = {
    "True": Known(True),
    "False": Known(False),
    "None": Known(None),
    "__file__": Known("__file__"),
    "__name__": Unknown(Reason.EXPRESSION, "__name__"),
}


class Evaluator:
    """Evaluates expressions in one frame; `frame` is swapped for nested scopes."""

    def __init__(self, recorder: Recorder, frame: Frame, known: frozenset[str]) -> None:
        self.recorder = recorder
        self.frame = frame
        self.module = frame
        self.known = known
        self.calls = Calls(recorder)

    def term(self, node: cst.BaseExpression) -> Term:
        """What `node` stands for; the calls inside are recorded."""
        handler = HANDLERS.get(type(node))
        if handler is not None:
            return handler(self, node)
        for child in node.children:
            self.visit(child)
        return Unknown(Reason.EXPRESSION, f"a {type(node).__name__.lower()} expression")

    def visit(self, node: cst.CSTNode) -> None:
        """Evaluate every expression below a node that is none itself."""
        if isinstance(node, cst.BaseExpression):
            self.term(node)
        elif not isinstance(node, (cst.BaseParenthesizableWhitespace, cst.LeftParen)):
            for child in node.children:
                self.visit(child)

    # --- names ---

    def name(self, name: str) -> Term:
        """The term of a name in the current frame."""
        found = self.frame.find(name)
        if found is not None:
            return found
        bound = self.module.names.get(name)
        if bound is not None:
            # A function runs later: what its module binds by then is the linker's to say.
            direct = self.frame.class_body or isinstance(bound, Symbol)
            return bound if direct else Symbol("", name)
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        return Symbol("" if name in self.known else "builtins", name)

    def attribute(self, base: Term, name: str) -> Term:
        """`base.name`, with attributes of `self` as this method has set them."""
        if isinstance(base, Self):
            here = self.frame.find(f"self.{name}")
            if here is not None:
                return here
        if name in ("__dict__", "parent") and not isinstance(base, Symbol):
            return base if name == "__dict__" else terms.join((base, Known("..")), "/")
        return terms.attribute(base, name)

    def environment(self, term: Term) -> Term:
        """An environment variable, with the value that this file sets as its default.

        A default only: the file may set it where it is not set yet.
        """
        if not isinstance(term, Environment):
            return term
        name = variable(term.name)
        found = self.frame.find(name) or self.module.names.get(name)
        return term if found is None else Environment(term.name, found)

    # --- calls ---

    def call(self, node: cst.Call, *, discarded: bool = False) -> Term:
        """A call: reduced where possible, recorded where it may matter."""
        callee = self.term(node.func)
        arguments = self.arguments(node.args)
        found = self.calls.term(node, callee, arguments, self.frame, discarded=discarded)
        return self.environment(found)

    def arguments(self, args: Nodes[cst.Arg]) -> tuple[Argument, ...]:
        """The arguments of a call as terms; known spreads are unpacked by the linker."""
        return tuple(
            Argument(
                self.term(arg.value),
                arg.keyword.value if arg.keyword is not None else None,
                len(arg.star),
            )
            for arg in args
        )

    # --- scopes inside an expression ---

    def bind(self, target: cst.BaseExpression, value: Term) -> None:
        """Bind the names of a simple assignment target."""
        if isinstance(target, cst.Name):
            self.frame.names[target.value] = value
        elif isinstance(target, (cst.Tuple, cst.List)):
            for position, element in enumerate(target.elements):
                starred = isinstance(element, cst.StarredElement)
                part = (
                    Unknown(Reason.EXPRESSION, "an unpacked rest")
                    if starred
                    else terms.item(value, Known(position))
                )
                self.bind(element.value, part)

    def scoped(self, names: dict[str, Term], body: Callable[[], Term]) -> Term:
        """Evaluate `body` with more names, which end with it."""
        before = self.frame.names
        self.frame.names = {**before, **names}
        try:
            return body()
        finally:
            self.frame.names = before
