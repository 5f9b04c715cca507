"""Which conditions a branch stands under, as far as they are options or names."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from loralint.facts import Guard, Scalar, Term

Read = Callable[[ast.expr], Term]


def guards(test: ast.expr, read: Read, branch: int, *, holds: bool) -> Iterator[Guard]:
    """What is known where `test` holds, or where it does not.

    Of `a and b` both hold, of `a or b` neither does on the other branch; elsewhere nothing is
    certain. What is computed (`len(x) > n`) is no option and says nothing.
    """
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from guards(test.operand, read, branch, holds=not holds)
    elif isinstance(test, ast.BoolOp):
        if isinstance(test.op, ast.And) is holds:
            for each in test.values:
                yield from guards(each, read, branch, holds=holds)
    elif isinstance(test, ast.Compare):
        yield from _compared(test, read, branch, holds=holds)
    elif _is_name(test):
        yield Guard(read(test), holds, branch)


def _compared(test: ast.Compare, read: Read, branch: int, *, holds: bool) -> Iterator[Guard]:
    if len(test.ops) > 1 or not _is_name(test.left):
        return
    values = _values(test.comparators[0])
    operator = test.ops[0]
    if values is None:
        return
    if isinstance(operator, (ast.Eq, ast.Is, ast.In)):
        yield Guard(read(test.left), holds, branch, values)
    elif isinstance(operator, (ast.NotEq, ast.IsNot, ast.NotIn)):
        yield Guard(read(test.left), not holds, branch, values)


def _values(node: ast.expr) -> tuple[Scalar, ...] | None:
    """The constants that something is compared with."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        found = [_values(each) for each in node.elts]
        return None if None in found else tuple(each for one in found for each in one or ())
    if isinstance(node, ast.Constant) and not isinstance(node.value, (bytes, complex)):
        return None if node.value is ... else (node.value,)
    return None


def _is_name(node: ast.expr) -> bool:
    """`args.x`, `config["x"]`, `flag`: what reading again does not call again."""
    if isinstance(node, ast.Subscript):
        return _is_name(node.value) and isinstance(node.slice, ast.Constant)
    if isinstance(node, ast.Attribute):
        return _is_name(node.value)
    return isinstance(node, ast.Name)
