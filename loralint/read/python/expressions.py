"""One function for each kind of expression: its term, and a visit of everything inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import libcst as cst

from loralint.facts import Environment, Known, Mapping, Reason, Sequence, Symbol, Term, Unknown
from loralint.read.python import terms
from loralint.read.python.narrowing import narrowed, same_name
from loralint.read.python.reducers import ELLIPSIS
from loralint.read.python.strings import formatted, percent, string

if TYPE_CHECKING:
    from loralint.read.python.evaluate import Evaluator

Handler = Callable[["Evaluator", Any], Term]


def _number(evaluator: Evaluator, node: cst.Integer | cst.Float) -> Term:
    try:  # LibCST's own `evaluated_value` compiles the number as a program
        value = float(node.value) if isinstance(node, cst.Float) else int(node.value, 0)
    except ValueError:  # more digits than Python reads
        return Unknown(Reason.INVOLVED, "a huge integer")
    small = isinstance(value, float) or abs(value) < 2**53
    return Known(value) if small else Unknown(Reason.INVOLVED, "a huge integer")


def _name(evaluator: Evaluator, node: cst.Name) -> Term:
    if node.value == "None":
        return evaluator.recorder.literal(Known(None), node)
    return evaluator.name(node.value)


def _attribute(evaluator: Evaluator, node: cst.Attribute) -> Term:
    return evaluator.attribute(evaluator.term(node.value), node.attr.value)


def _call(evaluator: Evaluator, node: cst.Call) -> Term:
    return evaluator.call(node)


def _subscript(evaluator: Evaluator, node: cst.Subscript) -> Term:
    base = evaluator.term(node.value)
    if len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
        key = evaluator.term(node.slice[0].slice.value)
        if base == Symbol("os", "environ"):
            return evaluator.environment(terms.environment(key))
        return terms.item(base, key)
    for element in node.slice:
        evaluator.visit(element.slice)
    return Unknown(Reason.EXPRESSION, "a slice")


def _dict(evaluator: Evaluator, node: cst.Dict) -> Term:
    entries: list[terms.Entry] = []
    for element in node.elements:
        if isinstance(element, cst.DictElement):
            key = evaluator.term(element.key)
            entries.append(terms.keyed(key, evaluator.term(element.value)))
        else:
            entries.append((None, evaluator.term(element.value)))
    mapping = terms.mapping(entries)
    evaluator.calls.uncalled(node, mapping, evaluator.frame)
    return mapping


def _sequence(evaluator: Evaluator, node: cst.List | cst.Tuple | cst.Set) -> Term:
    items: list[Term] = []
    unknown = False
    for element in node.elements:
        value = evaluator.term(element.value)
        if not isinstance(element, cst.StarredElement):
            items.append(value)
        elif isinstance(value, Sequence):
            items.extend(value.items)
        else:
            unknown = True
    return (
        Unknown(Reason.EXPRESSION, "a list with an unknown part")
        if unknown
        else Sequence(tuple(items))
    )


def _binary(evaluator: Evaluator, node: cst.BinaryOperation) -> Term:
    left, right = evaluator.term(node.left), evaluator.term(node.right)
    if isinstance(node.operator, cst.Add):
        return terms.added(left, right)
    if isinstance(node.operator, cst.Divide):
        return terms.join((left, right), "/")
    if isinstance(node.operator, cst.BitOr) and isinstance(right, Mapping):
        return terms.mapping(((None, left), (None, right)))
    if isinstance(node.operator, cst.Modulo) and isinstance(left, Known):
        return percent(left, right)
    return Unknown(Reason.EXPRESSION, "arithmetic")


def _boolean(evaluator: Evaluator, node: cst.BooleanOperation) -> Term:
    left, right = evaluator.term(node.left), evaluator.term(node.right)
    if isinstance(node.operator, cst.Or):
        return terms.either((left, right))
    return (
        terms.choice((left, right))
        if isinstance(left, Known)
        else Unknown(Reason.EXPRESSION, "an `and`")
    )


def _conditional(evaluator: Evaluator, node: cst.IfExp) -> Term:
    evaluator.term(node.test)
    if same_name(node.test, node.body):
        return terms.either((evaluator.term(node.body), evaluator.term(node.orelse)))

    def branch(body: cst.BaseExpression, holds: bool) -> Term:
        names = narrowed(evaluator.frame.names, node.test, holds=holds)
        return evaluator.scoped(names, lambda: evaluator.term(body))

    return terms.choice((branch(node.body, True), branch(node.orelse, False)))


def _unary(evaluator: Evaluator, node: cst.UnaryOperation) -> Term:
    value = evaluator.term(node.expression)
    if isinstance(node.operator, cst.Not) and isinstance(value, Known):
        return Known(not value.value)
    number = isinstance(value, Known) and isinstance(value.value, (int, float))
    if isinstance(node.operator, cst.Minus) and number and isinstance(value, Known):
        return Known(-value.value)  # type: ignore[operator]  # a number, tested above
    return Unknown(Reason.EXPRESSION, "arithmetic")


def _comparison(evaluator: Evaluator, node: cst.Comparison) -> Term:
    """`os.environ.get("X", "true") == "true"`: what the default makes of it, by default."""
    left = evaluator.term(node.left)
    rights = [evaluator.term(part.comparator) for part in node.comparisons]
    equals = len(rights) == 1 and isinstance(node.comparisons[0].operator, cst.Equal)
    default = left.default if isinstance(left, Environment) else None
    if equals and isinstance(left, Environment) and isinstance(default, Known):
        right = rights[0]
        if isinstance(right, Known):
            return Environment(left.name, Known(default.value == right.value))
    return Unknown(Reason.EXPRESSION, "a comparison")


def _named(evaluator: Evaluator, node: cst.NamedExpr) -> Term:
    value = terms.bounded(evaluator.term(node.value))
    evaluator.bind(node.target, value)
    return value


def _await(evaluator: Evaluator, node: cst.Await) -> Term:
    return evaluator.term(node.expression)


def _ellipsis(evaluator: Evaluator, node: cst.Ellipsis) -> Term:
    return ELLIPSIS


def _lambda(evaluator: Evaluator, node: cst.Lambda) -> Term:
    params = node.params
    names = (*params.posonly_params, *params.params, *params.kwonly_params)
    bound: dict[str, Term] = {
        p.name.value: Unknown(Reason.EXPRESSION, "a lambda's parameter") for p in names
    }
    evaluator.scoped(bound, lambda: evaluator.term(node.body))
    return Unknown(Reason.EXPRESSION, "a lambda")


def _comprehension(evaluator: Evaluator, node: cst.BaseSimpleComp | cst.DictComp) -> Term:
    def body() -> Term:
        _bind_loops(evaluator, node.for_in)
        if isinstance(node, cst.DictComp):
            evaluator.term(node.key)
            evaluator.term(node.value)
            return Unknown(Reason.EXPRESSION, "a dict comprehension")
        value = evaluator.term(node.elt)
        return Sequence((value,))

    return evaluator.scoped({}, body)


def _bind_loops(evaluator: Evaluator, loop: cst.CompFor | None) -> None:
    while loop is not None:
        evaluator.bind(loop.target, terms.elements(evaluator.term(loop.iter)))
        for condition in loop.ifs:
            evaluator.term(condition.test)
            evaluator.frame.names = narrowed(evaluator.frame.names, condition.test, holds=True)
        loop = loop.inner_for_in


def _yield(evaluator: Evaluator, node: cst.Yield) -> Term:
    evaluator.frame.generator = True
    if node.value is not None:
        evaluator.visit(node.value)
    return Unknown(Reason.EXPRESSION, "what a generator is sent")


HANDLERS: dict[type[cst.CSTNode], Handler] = {
    cst.SimpleString: string,
    cst.ConcatenatedString: string,
    cst.FormattedString: formatted,
    cst.Integer: _number,
    cst.Float: _number,
    cst.Name: _name,
    cst.Attribute: _attribute,
    cst.Call: _call,
    cst.Subscript: _subscript,
    cst.Dict: _dict,
    cst.List: _sequence,
    cst.Tuple: _sequence,
    cst.Set: _sequence,
    cst.BinaryOperation: _binary,
    cst.BooleanOperation: _boolean,
    cst.IfExp: _conditional,
    cst.UnaryOperation: _unary,
    cst.NamedExpr: _named,
    cst.Comparison: _comparison,
    cst.Await: _await,
    cst.Ellipsis: _ellipsis,
    cst.Lambda: _lambda,
    cst.ListComp: _comprehension,
    cst.SetComp: _comprehension,
    cst.GeneratorExp: _comprehension,
    cst.DictComp: _comprehension,
    cst.Yield: _yield,
}
