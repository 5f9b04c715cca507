"""What texts the expressions of commands make, as far as a module says so itself.

Only constants are followed: names that are bound once, the defaults of parameters, and of a path
the end, which names the script.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from loralint.facts import (
    Default,
    Environment,
    Known,
    Origin,
    OriginKind,
    Reason,
    Term,
    Unknown,
    Value,
)
from loralint.read.words import choice, joined

Names = Mapping[str, Value]
Function = ast.FunctionDef | ast.AsyncFunctionDef

_TEXTS = frozenset({"str", "Path", "PurePath", "fspath", "abspath", "quote"})
"""What returns the path or text that it is given."""

_SAME = frozenset({"as_posix", "resolve", "absolute"})
UNKNOWN = Unknown(
    Reason.EXPRESSION,
    "a Python value",
    Origin(OriginKind.COMMAND_LINE, name=("a Python value",)),
)


def called(call: ast.Call) -> str:
    """The last name of what is called."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else ""
    return function.id if isinstance(function, ast.Name) else name


# --- expressions --------------------------------------------------------------------------------


def text(node: ast.expr, names: Names) -> Value:
    """The text that an expression makes, as far as it is written."""
    match node:
        case ast.Constant(value=str() | int() | float() as value) if type(value) is not bool:
            return Known(str(value))
        case ast.Name(id=name):
            return names.get(name, UNKNOWN)
        case ast.Attribute(value=ast.Name(), attr="executable"):
            return Known("python")
        case ast.JoinedStr() | ast.BinOp(op=ast.Add()):
            found = joined(pieces(node, names))
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            found = joined([text(left, names), Known("/"), text(right, names)])
        case ast.IfExp(body=body, orelse=other):
            found = choice([text(body, names), text(other, names)])
        case ast.Call():
            found = _of_call(node, names)
        case _:
            found = UNKNOWN
    return found


def pieces(node: ast.expr, names: Names) -> list[Value]:
    """The parts that a text is put together of."""
    if isinstance(node, ast.JoinedStr):
        return [_put_in(each, names) for each in node.values] or [Known("")]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        if _is_text(node):
            return [*pieces(node.left, names), *pieces(node.right, names)]
        return [UNKNOWN]
    return [text(node, names)]


def _put_in(node: ast.expr, names: Names) -> Value:
    """A part of a formatted text; what is formatted otherwise than `str` does is not followed."""
    if not isinstance(node, ast.FormattedValue):
        return text(node, names)
    return text(node.value, names) if node.format_spec is None else UNKNOWN


def _is_text(node: ast.expr) -> bool:
    """Whether a sum is one of texts: something in it certainly is one."""
    while isinstance(node, ast.BinOp):
        if _is_text(node.right):
            return True
        node = node.left
    written = node.value if isinstance(node, ast.Constant) else None
    return isinstance(node, ast.JoinedStr) or isinstance(written, str)


def _of_call(call: ast.Call, names: Names) -> Value:
    """`str(path)`, `os.path.join(...)`, `path.as_posix()`."""
    name = called(call)
    given = [text(each, names) for each in call.args]
    if name in _TEXTS and len(given) == 1:
        return given[0]
    if name == "join" and len(given) > 1:
        parts = [part for each in given for part in (Known("/"), each)]
        return joined(list(parts[1:]))
    if name in _SAME and isinstance(call.func, ast.Attribute):
        return text(call.func.value, names)
    return UNKNOWN


def split_text(call: ast.Call) -> ast.expr | None:
    """The text in `shlex.split("...")` and `"...".split()`."""
    if called(call) != "split" or not isinstance(call.func, ast.Attribute):
        return None
    owner = call.func.value
    if isinstance(owner, ast.Name) and owner.id == "shlex":
        return call.args[0] if call.args else None
    return owner if not call.args else None


# --- names --------------------------------------------------------------------------------------


def of_module(tree: ast.Module, terms: Iterable[tuple[str, Term]]) -> dict[str, Value]:
    """The texts of a module's names; `terms` are what they are, where that is known otherwise."""
    shared = [
        name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Global, ast.Nonlocal))
        for name in node.names
    ]
    found, once = _bound(tree.body, {}, dict.fromkeys(shared, UNKNOWN))
    for name, term in terms:
        if isinstance(term, Environment) and isinstance(term.default, Known) and name in once:
            origin = Origin(OriginKind.ENVIRONMENT, name=(term.name,))
            found[name] = Default(term.default.value, origin)
    return found


def of_function(path: str, function: Function, outer: Names) -> dict[str, Value]:
    """The texts of the names that a function sees: its parameters by their defaults."""
    given = function.args
    plain = [*given.posonlyargs, *given.args]
    further = [each for each in (given.vararg, given.kwarg) if each is not None]
    found: dict[str, Value] = {}
    for each in (*plain, *given.kwonlyargs, *further):
        found[each.arg] = UNKNOWN
    for each, node in (
        *zip(plain[len(plain) - len(given.defaults) :], given.defaults, strict=True),
        *zip(given.kwonlyargs, given.kw_defaults, strict=True),
    ):
        default = text(node, outer) if node is not None else UNKNOWN
        if isinstance(default, Known):
            origin = Origin(OriginKind.PARAMETER, path, (function.name, each.arg))
            found[each.arg] = Default(default.value, origin)
    return _bound(function.body, outer, found)[0]


def _bound(
    body: list[ast.stmt], outer: Names, own: Mapping[str, Value]
) -> tuple[dict[str, Value], set[str]]:
    """The texts of the names that a body binds once, above those that it has; and which these are.

    A name that it has already and binds is not known.
    """
    times = Counter(own.keys())
    values: dict[str, ast.expr] = {}
    for node in own_nodes(body):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                times[name] += 1
            case ast.alias(name=name, asname=other):
                times[other or name.partition(".")[0]] += 1
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                values[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                values[name] = value
    names = {**outer, **own}
    bound = {name for name, count in times.items() if count > (0 if name not in own else 1)}
    names.update(dict.fromkeys(sorted(bound), UNKNOWN))
    once = {name for name in values if times[name] == 1}
    for name, value in values.items():
        if name in once:
            names[name] = text(value, names)
    return names, once


def own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a body in their order, but what is inside of its functions and classes."""
    todo: list[ast.AST] = [*body][::-1]
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            todo.extend([*ast.iter_child_nodes(node)][::-1])
