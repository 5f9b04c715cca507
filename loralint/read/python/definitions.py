"""What the heads of functions and classes say: parameters, fields, annotations."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from loralint.facts import (
    ABSENT,
    FieldFact,
    Parameter,
    ParameterFact,
    Self,
    Symbol,
    Term,
)
from loralint.read.python import terms
from loralint.read.python.expressions import Expressions
from loralint.read.python.frames import Frame, is_name

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def parameters(read: Expressions, given: ast.arguments) -> Iterator[ParameterFact]:
    """The parameters of a function in the order in which they are written."""
    plain = (*given.posonlyargs, *given.args)
    required = len(plain) - len(given.defaults)
    for parameter, default in zip(plain, (*[None] * required, *given.defaults), strict=True):
        yield _parameter(read, parameter, default, "")
    if given.vararg is not None:
        yield _parameter(read, given.vararg, None, "*")
    for parameter, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        yield _parameter(read, parameter, default, "keyword")
    if given.kwarg is not None:
        yield _parameter(read, given.kwarg, None, "**")


def _parameter(
    read: Expressions, node: ast.arg, default: ast.expr | None, kind: str
) -> ParameterFact:
    value = read.term(default) if default is not None else ABSENT
    return ParameterFact(node.arg, value, kind, annotation(read, node.annotation))


def inner_frame(
    node: FunctionNode,
    outer: Frame,
    facts: tuple[ParameterFact, ...],
    decorators: tuple[Term, ...],
) -> Frame:
    """The frame in which a function's body is followed; its first parameter may be `self`."""
    name = outer.qualified(node.name)
    names: dict[str, Term] = {fact.name: Parameter(name, fact.name) for fact in facts}
    if outer.class_body and facts and Symbol("builtins", "staticmethod") not in decorators:
        of_class = Symbol("builtins", "classmethod") in decorators or node.name == "__new__"
        names[facts[0].name] = Symbol("", outer.class_) if of_class else Self(outer.class_)
    return Frame(function=name, class_=outer.class_, outer=outer.enclosing, names=names)


def fields(read: Expressions, node: ast.ClassDef, frame: Frame) -> Iterator[FieldFact]:
    """What the body of a class binds, its methods aside, and what it only annotates."""
    annotations = {
        statement.target.id: annotation(read, statement.annotation)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }
    bound = {
        name: term
        for name, term in frame.names.items()
        if is_name(name) and term != Symbol("", f"{frame.class_}.{name}")
    }
    # constructors take annotated fields in the order in which they are written
    for name in (*annotations, *(name for name in bound if name not in annotations)):
        yield FieldFact(name, bound.get(name, ABSENT), annotations.get(name, ABSENT))


def annotation(read: Expressions, node: ast.expr | None) -> Term:
    """The class that a type annotation names, without `Optional` and `| None`."""
    if isinstance(node, ast.Name):
        return read.name(node.id)
    if isinstance(node, ast.Attribute):
        return terms.attribute(annotation(read, node.value), node.attr)
    if isinstance(node, ast.Constant):
        quoted = node.value if isinstance(node.value, str) else ""
        return read.name(quoted) if quoted.isidentifier() else ABSENT
    if isinstance(node, ast.BinOp):
        left = annotation(read, node.left)
        return left if left != ABSENT else annotation(read, node.right)
    if isinstance(node, ast.Subscript):
        outer = annotation(read, node.value)
        if isinstance(outer, Symbol) and outer.name in ("Optional", "Annotated", "Required"):
            first = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
            return annotation(read, first)
    return ABSENT
