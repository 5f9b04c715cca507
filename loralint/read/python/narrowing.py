"""What a condition says about the names in it: on one of its branches they are true.

`if not model: model = "org/name"` leaves a name that is never None or empty, and
`a if a else b` is `a or b`.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from loralint.facts import (
    Attribute,
    Choice,
    Either,
    Elements,
    Environment,
    Item,
    Parameter,
    Result,
)
from loralint.read.python.frame import Names
from loralint.read.python.terms import truthy

_OPEN = (Attribute, Choice, Elements, Environment, Item, Parameter, Result)
"""Terms that may be None or empty for all that a front end knows."""


def narrowed(names: Names, test: cst.BaseExpression, *, holds: bool) -> Names:
    """`names` on the branch where `test` holds, or on the one where it does not."""
    found: Names = {}
    for name in _true(test, holds):
        term = names.get(name)
        if isinstance(term, _OPEN):
            found[name] = truthy(term)
    return {**names, **found} if found else names


def widen(names: Names, before: Names, test: cst.BaseExpression) -> None:
    """Forget after an `if` what its test found of names that it leaves alone.

    A slice may lack the `if` (a check that raises): the same must come out of it.
    """
    for name in {*_true(test, True), *_true(test, False)}:
        term = names.get(name)
        if name in before and isinstance(term, Either) and term == truthy(before[name]):
            names[name] = before[name]


def same_name(test: cst.BaseExpression, body: cst.BaseExpression) -> bool:
    """Whether `body if test else …` takes the very thing that is tested."""
    return isinstance(body, cst.Name) and body.value in _true(test, True)


def _true(test: cst.BaseExpression, holds: bool) -> Iterator[str]:
    if isinstance(test, cst.Name):
        if holds:
            yield test.value
    elif isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        yield from _true(test.expression, not holds)
    elif isinstance(test, cst.BooleanOperation):
        if isinstance(test.operator, cst.And) is holds:
            yield from _true(test.left, holds)
            yield from _true(test.right, holds)
    elif isinstance(test, cst.Comparison) and _is_given(test) is holds:
        yield from _true(test.left, True)


def _is_given(test: cst.Comparison) -> bool | None:
    """True for `x is not None`, False for `x is None`, None for every other comparison."""
    target = test.comparisons[0]
    if len(test.comparisons) > 1 or not isinstance(target.comparator, cst.Name):
        return None
    if target.comparator.value != "None":
        return None
    if isinstance(target.operator, (cst.IsNot, cst.NotEqual)):
        return True
    return False if isinstance(target.operator, (cst.Is, cst.Equal)) else None
