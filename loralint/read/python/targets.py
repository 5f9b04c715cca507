"""Assignment targets and the calls that change a dict in place."""

from __future__ import annotations

import ast

from loralint.facts import (
    ABSENT,
    Argument,
    Data,
    Known,
    Mapping,
    Reason,
    Self,
    Symbol,
    Term,
    Unknown,
)
from loralint.read.python import terms
from loralint.read.python.expressions import Expressions, unpacked
from loralint.read.python.frames import variable
from loralint.read.python.reducers import argument


def assign(read: Expressions, target: ast.expr, value: Term) -> None:
    """Bind `target`, which may be nested, to `value`."""
    value = terms.bounded(value)
    if isinstance(target, ast.Name):
        _name(read, target.id, value)
    elif isinstance(target, ast.Attribute):
        read.record.keep(value)
        base = read.term(target.value)
        if isinstance(base, Self):
            read.frame.names[f"self.{target.attr}"] = value
        else:
            _grow(read, target.value, base, (target.attr, value))
    elif isinstance(target, ast.Subscript):
        read.record.keep(value)
        _item(read, target, value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for element, part in unpacked(target.elts, value):
            assign(read, element, part)


def _name(read: Expressions, name: str, value: Term) -> None:
    if name in read.frame.globals:
        read.record.rebound.setdefault(name, []).append(value)
    else:
        read.frame.names[name] = value


def _item(read: Expressions, target: ast.Subscript, value: Term) -> None:
    base = read.term(target.value)
    if isinstance(target.slice, (ast.Slice, ast.Tuple)):
        return
    key = read.term(target.slice)
    if base == Symbol("os", "environ"):
        if isinstance(key, Known):
            _name(read, variable(str(key.value)), value)
        else:
            read.sets_environment(target)
    else:
        _grow(read, target.value, base, terms.keyed(key, value))


def _grow(read: Expressions, place: ast.expr, base: Term, entry: terms.Entry) -> None:
    """Write back `base` with one more entry to the place where it came from."""
    if isinstance(base, Symbol) and base.module:
        return  # an attribute of somebody's module: `torch.backends.x = y`
    if isinstance(place, ast.Subscript) and not isinstance(base, Mapping):
        # The outer dict holds `base`: to spread it would hold the outer dict twice.
        base = Unknown(Reason.EXPRESSION, "an item of a dict that is filled elsewhere")
    if isinstance(place, (ast.Name, ast.Attribute, ast.Subscript)):
        assign(read, place, terms.updated(base, (entry,)))


def _environment(read: Expressions, node: ast.Call, arguments: tuple[Argument, ...]) -> None:
    """`os.environ.update(dotenv_values(path))`, or a variable whose name is computed."""
    given = arguments[0].value if arguments else ABSENT
    if isinstance(given, Data):
        read.frame.read = given.path
    if not isinstance(given, Known):
        read.sets_environment(node)


def mutate(read: Expressions, node: ast.Call) -> bool:
    """Follow `d.update(...)` and `d.setdefault(k, v)`; False for any other call."""
    if not isinstance(node.func, ast.Attribute):
        return False
    method, place = node.func.attr, node.func.value
    if method not in ("update", "setdefault") or not isinstance(place, (ast.Name, ast.Attribute)):
        return False
    base = read.term(place)
    arguments = read.arguments(node)
    if base == Symbol("os", "environ"):
        _environment(read, node, arguments)
        return method == "update"
    if method == "setdefault":
        key = argument(arguments, 0)
        old = terms.item(base, key)
        value = argument(arguments, 1)
        entries = [terms.keyed(key, terms.choice((value, old)) if old != ABSENT else value)]
    else:
        entries = [(given.name, given.value) for given in arguments]
    if not isinstance(base, Symbol) or not base.module:
        assign(read, place, terms.updated(base, entries))
    return True
