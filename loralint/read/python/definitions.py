"""Functions and classes: their facts, and their bodies, followed after what encloses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence as Nodes
from typing import TYPE_CHECKING

import libcst as cst

from loralint.facts import (
    ABSENT,
    ClassFact,
    FieldFact,
    FunctionFact,
    Known,
    Parameter,
    ParameterFact,
    Reason,
    Self,
    Symbol,
    Term,
    Unknown,
)
from loralint.read.python import terms
from loralint.read.python.frame import Frame

if TYPE_CHECKING:
    from loralint.read.python.evaluate import Evaluator

Block = Callable[[Nodes[cst.CSTNode]], bool]


class Definitions:
    """Records functions and classes; a `block` follows a list of statements.

    It is passed in each time: a flow that is held by what it holds outlives its file.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator

    # --- functions ---

    def function(self, node: cst.FunctionDef) -> None:
        """Bind a function's name and keep its body for later."""
        outer = self.evaluator.frame
        name = outer.qualified(node.name.value)
        parameters = tuple(self._parameters(node.params))
        decorators = tuple(self.evaluator.term(each.decorator) for each in node.decorators)
        inner = self._frame(node, outer, name, parameters, decorators)
        self.evaluator.recorder.functions.append(
            FunctionFact(
                name, parameters, ABSENT, decorators, outer.class_ if outer.class_body else ""
            )
        )
        outer.names[node.name.value] = Symbol("", name)
        self.evaluator.recorder.bodies.append((node, inner))

    def _parameters(self, params: cst.Parameters) -> Iterator[ParameterFact]:
        for param in (*params.posonly_params, *params.params):
            yield self._parameter(param, "")
        if isinstance(params.star_arg, cst.Param):
            yield self._parameter(params.star_arg, "*")
        for param in params.kwonly_params:
            yield self._parameter(param, "keyword")
        if params.star_kwarg is not None:
            yield self._parameter(params.star_kwarg, "**")

    def _parameter(self, param: cst.Param, kind: str) -> ParameterFact:
        default = self.evaluator.term(param.default) if param.default is not None else ABSENT
        annotation = self.annotation(param.annotation)
        return ParameterFact(param.name.value, default, kind, annotation)

    def _frame(
        self,
        node: cst.FunctionDef,
        outer: Frame,
        name: str,
        parameters: tuple[ParameterFact, ...],
        decorators: tuple[Term, ...],
    ) -> Frame:
        method = outer.class_body and Symbol("builtins", "staticmethod") not in decorators
        names: dict[str, Term] = {p.name: Parameter(name, p.name) for p in parameters}
        if method and parameters:
            bound = Symbol("builtins", "classmethod") in decorators or node.name.value == "__new__"
            names[parameters[0].name] = Symbol("", outer.class_) if bound else Self(outer.class_)
        return Frame(
            function=name,
            class_=outer.class_,
            outer=outer.enclosing,
            names=names,
        )

    def body(self, node: cst.FunctionDef, frame: Frame, block: Block) -> None:
        """Follow a function's body in its own frame and complete its fact."""
        before, self.evaluator.frame = self.evaluator.frame, frame
        try:
            ended = block(node.body.body)
        finally:
            self.evaluator.frame = before
        if not ended and frame.returns:
            frame.returns.append(Known(None))
        self._complete(frame)
        for name, term in frame.names.items():
            if name.startswith("self."):
                self.evaluator.recorder.attribute(frame.class_, name[5:], term)

    def _complete(self, frame: Frame) -> None:
        returns = terms.choice(frame.returns) if frame.returns else Known(None)
        if frame.generator:
            returns = Unknown(Reason.EXPRESSION, "a generator")
        functions = self.evaluator.recorder.functions
        for position in range(len(functions) - 1, -1, -1):
            fact = functions[position]
            if fact.name == frame.function and fact.returns == ABSENT:
                functions[position] = FunctionFact(
                    fact.name, fact.parameters, returns, fact.decorators, fact.class_
                )
                return

    # --- classes ---

    def class_(self, node: cst.ClassDef, block: Block) -> None:
        """Record a class and follow its body, methods last."""
        outer = self.evaluator.frame
        name = outer.qualified(node.name.value)
        bases = tuple(self.evaluator.term(base.value) for base in node.bases if not base.star)
        decorators = tuple(self.evaluator.term(each.decorator) for each in node.decorators)
        frame = Frame(function=outer.function, class_=name, outer=outer.enclosing, class_body=True)
        self.evaluator.frame = frame
        try:
            block(node.body.body)
            fields = tuple(self._fields(node, frame))
        finally:
            self.evaluator.frame = outer
        outer.names[node.name.value] = Symbol("", name)
        self.evaluator.recorder.classes.append(ClassFact(name, bases, fields, (), decorators))

    def _fields(self, node: cst.ClassDef, frame: Frame) -> Iterator[FieldFact]:
        annotations = dict(self._annotations(node))
        for name, term in frame.names.items():
            if term != Symbol("", f"{frame.class_}.{name}"):
                yield FieldFact(name, term, annotations.pop(name, ABSENT))
        for name, annotation in annotations.items():
            yield FieldFact(name, ABSENT, annotation)

    def _annotations(self, node: cst.ClassDef) -> Iterator[tuple[str, Term]]:
        for statement in node.body.body:
            for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
                if isinstance(small, cst.AnnAssign) and isinstance(small.target, cst.Name):
                    yield small.target.value, self.annotation(small.annotation)

    def annotation(self, node: cst.Annotation | None) -> Term:
        """The class that a type annotation names, without `Optional` and `| None`."""
        return self._type(node.annotation) if node is not None else ABSENT

    def _type(self, node: cst.BaseExpression) -> Term:
        if isinstance(node, cst.Name):
            return self.evaluator.name(node.value) if node.value != "None" else ABSENT
        if isinstance(node, cst.Attribute):
            return terms.attribute(self._type(node.value), node.attr.value)
        if isinstance(node, cst.SimpleString) and str(node.evaluated_value).isidentifier():
            return self.evaluator.name(str(node.evaluated_value))
        if isinstance(node, cst.BinaryOperation):
            left, right = self._type(node.left), self._type(node.right)
            return left if left != ABSENT else right
        if isinstance(node, cst.Subscript):
            return self._subscripted(node)
        return ABSENT

    def _subscripted(self, node: cst.Subscript) -> Term:
        outer = self._type(node.value)
        index = node.slice[0].slice
        wrapper = isinstance(outer, Symbol) and outer.name in ("Optional", "Annotated", "Required")
        if wrapper and isinstance(index, cst.Index):
            return self._type(index.value)
        return ABSENT
