"""The lists of a module that may be commands, with what is added to them later.

A list is followed by the name that holds it: `cmd += [...]` in the block where it is made is part
of it, in a branch or another function it is there on a condition. A list that others may add to
is open.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from loralint.catalog.commands import STARTERS, Taking
from loralint.read.python.texts import Function, Names, called, of_function, split_text

Path = tuple[int, ...]
"""Which blocks something stands in, from the outside in."""


@dataclass(slots=True)
class Scope:
    """A module or a function: its names, and which lists they hold."""

    names: Names
    outer: Scope | None = None
    function: Function | None = None
    now: dict[str, list[WordList]] = field(default_factory=dict)
    all: dict[str, list[WordList]] = field(default_factory=dict)

    def held(self, name: str) -> list[WordList]:
        """The lists that a name may hold, wherever it is bound."""
        scope: Scope | None = self
        while scope is not None and name not in scope.all:
            scope = scope.outer
        return scope.all[name] if scope is not None else []


@dataclass(slots=True)
class Added:
    """What is added to a list: a list of words, or one `single` word."""

    node: ast.expr
    scope: Scope
    single: bool
    optional: bool


@dataclass(slots=True)
class WordList:
    """A list, and what becomes of it.

    `place` is where it stands, `call` what starts it, `held` what the names in it held there;
    `open` tells that words may be added which are not seen.
    """

    node: ast.expr
    place: ast.expr
    scope: Scope
    path: Path
    held: dict[str, list[WordList]] = field(default_factory=dict)
    added: list[Added] = field(default_factory=list)
    open: bool = False
    call: ast.Call | None = None


class Reader:
    """Walks through a module, block by block, and notes its lists and the calls in it."""

    def __init__(self, path: str, tree: ast.Module, names: Names) -> None:
        self.path = path
        self.lists: list[WordList] = []
        self.calls: list[tuple[ast.Call, Scope]] = []
        self._seen: dict[int, WordList | None] = {}
        self._later: list[tuple[str, Added | None, Scope]] = []
        self._handed: list[tuple[str, WordList]] = []
        self._adders: set[str] = set()
        self._module = Scope(names)
        self._walk(tree, self._module)
        for name, added, scope in self._later:
            self._add_later(name, added, scope)
        for function, one in self._handed:
            one.open |= function in self._adders

    def _walk(self, tree: ast.Module, scope: Scope) -> None:
        blocks = 0
        todo: list[tuple[ast.AST, Scope, Path]] = [(each, scope, ()) for each in tree.body[::-1]]
        while todo:
            node, scope, path = todo.pop()
            inside, below = scope, path
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                names = of_function(self.path, node, scope.names)
                inside, below = Scope(names, scope, node), ()
            self._look_at(node, scope, path)
            children: list[tuple[ast.AST, Scope, Path]] = []
            for name, value in ast.iter_fields(node):
                is_block = isinstance(value, list) and name in ("body", "orelse", "finalbody")
                if is_block and not isinstance(node, (ast.With, ast.AsyncWith)):
                    blocks += 1
                    children += [(each, inside, (*below, blocks)) for each in value]
                elif isinstance(value, (ast.AST, list)):
                    several = value if isinstance(value, list) else [value]
                    children += [(e, scope, path) for e in several if isinstance(e, ast.AST)]
            todo.extend(children[::-1])

    # --- what a node says of lists ---

    def _look_at(self, node: ast.AST, scope: Scope, path: Path) -> None:
        match node:
            case ast.Assign(targets=[target], value=value):
                self._assign(target, value, scope, path)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, value, scope, path)
            case ast.AugAssign(target=target, value=value):
                self._add(key_of(target), value, scope, path)
            case ast.Return(value=ast.expr() as value):
                for each in value.elts if isinstance(value, ast.Tuple) else [value]:
                    self._open(each, scope, path)
            case ast.expr():
                self._look_at_expression(node, scope, path)

    def _look_at_expression(self, node: ast.expr, scope: Scope, path: Path) -> None:
        if isinstance(node, ast.Call):
            self._call(node, scope, path)
        self._open_joined(node, scope, path)
        if id(node) not in self._seen:
            self._register(node, scope, path)

    def _open_joined(self, node: ast.expr, scope: Scope, path: Path) -> None:
        """`" ".join(cmd) + more`."""
        for part in _put_together(node):
            if isinstance(part, ast.Call) and called(part) == "join" and len(part.args) == 1:
                self._open(part.args[0], scope, path)

    def _register(self, node: ast.expr, scope: Scope, path: Path) -> WordList | None:
        """Note an expression that makes a list."""
        if id(node) in self._seen:
            return self._seen[id(node)]
        if not _makes_list(node):
            return None
        made = WordList(node, node, scope, path, _used(node, scope))
        self.lists.append(made)
        self._mark(node)
        self._seen[id(node)] = made
        return made

    def _mark(self, node: ast.expr) -> None:
        """Note what is put together to a list: it is none by itself."""
        self._seen.setdefault(id(node), None)
        match node:
            case ast.BinOp(left=left, right=right):
                self._mark(left)
                self._mark(right)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                for each in items:
                    if isinstance(each, ast.Starred):
                        self._mark(each.value)
            case ast.IfExp(body=body, orelse=other):
                self._mark(body)
                self._mark(other)

    def _assign(self, target: ast.expr, value: ast.expr, scope: Scope, path: Path) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            if len(target.elts) == len(value.elts):
                for each, given in zip(target.elts, value.elts, strict=True):
                    self._assign(each, given, scope, path)
        elif isinstance(target, ast.Subscript):  # cmd[1:1] = [...]
            self._open(target.value, scope, path)
        elif key_of(target):
            self._bind(key_of(target), value, scope, path)

    def _bind(self, name: str, value: ast.expr, scope: Scope, path: Path) -> None:
        further = _further(name, value)
        self._open_joined(value, scope, path)
        if further is not None:
            self._mark(value)
            for each in further:
                self._add(name, each, scope, path)
        elif isinstance(value, ast.Call) and any(key_of(each) == name for each in value.args):
            self._open(ast.Name(name, ast.Load()), scope, path)  # cmd = more(cmd)
        else:
            branches = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            made = [self._register(each, scope, path) for each in branches]
            held = [each for each in made if each is not None] or scope.now.get(key_of(value), [])
            self._hold(name, held, scope, path)

    def _hold(self, name: str, held: list[WordList], scope: Scope, path: Path) -> None:
        """Let a name hold other lists; those of other blocks it may hold as well."""
        others = [one for one in scope.now.get(name, ()) if one.path[: len(path)] != path]
        scope.now[name] = [*others, *held]
        if held:
            home = self._module if "." in name else scope  # other methods see attributes
            home.all.setdefault(name, []).extend(held)

    def _call(self, node: ast.Call, scope: Scope, path: Path) -> None:
        self.calls.append((node, scope))
        name, taking = called(node), STARTERS.get(called(node))
        if taking is None:
            self._grow(node, name, scope, path)
            held = (one for each in node.args for one in scope.now.get(key_of(each), ()))
            self._handed += [(name, one) for one in held]
        elif taking is Taking.LIST and not _are_words(node.args):
            for given in handed(node):
                self._start(given, node, scope, path)
        elif taking is not Taking.SHELL:
            words = node.args[taking is Taking.FILE_AND_WORDS :]
            if len(words) == 1 and isinstance(words[0], ast.Starred):
                self._start(words[0].value, node, scope, path)
                return
            whole = ast.List(words, ast.Load())
            self.lists.append(WordList(whole, node, scope, path, _used(whole, scope), call=node))
            self._mark(whole)

    def _grow(self, node: ast.Call, name: str, scope: Scope, path: Path) -> None:
        """Note what a method of a list adds to it."""
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if owner is None or not node.args:
            return
        if name in ("extend", "append"):
            self._add(key_of(owner), node.args[0], scope, path, single=name == "append")
        elif name == "insert":
            self._open(owner, scope, path)

    def _start(self, given: ast.expr, call: ast.Call, scope: Scope, path: Path) -> None:
        """Note what starts a list."""
        one = self._register(given, scope, path)
        for each in [one] if one is not None else scope.now.get(key_of(given), ()):
            each.call = each.call or call

    def _add(
        self, name: str, node: ast.expr, scope: Scope, path: Path, *, single: bool = False
    ) -> None:
        """Note what is added to the lists that a name holds."""
        if not name:
            return
        if not single:
            self._mark(node)
        here = scope.now.get(name, ())
        for one in here:
            one.added.append(Added(node, scope, single, optional=one.path != path))
        if not here:
            self._later.append((name, Added(node, scope, single, optional=True), scope))

    def _open(self, node: ast.expr, scope: Scope, path: Path) -> None:
        """Note that others may add to a list."""
        made = self._register(node, scope, path)
        name = key_of(node)
        for one in [made] if made is not None else scope.now.get(name, ()):
            one.open = True
        if name and name not in scope.now:
            self._later.append((name, None, scope))

    def _add_later(self, name: str, added: Added | None, scope: Scope) -> None:
        """Add to a list that another scope makes."""
        function = scope.function
        if function is not None and added is not None and name in _parameters(function):
            self._adders.add(function.name)
            return
        for one in scope.held(name):
            if added is None:
                one.open = True
            else:
                one.added.append(added)


def handed(call: ast.Call) -> Iterator[ast.expr]:
    """What a call is given that may be a command."""
    yield from call.args[:1]
    yield from (each.value for each in call.keywords if each.arg in ("args", "cmd", "command"))


def key_of(node: ast.expr) -> str:
    """A name, or an attribute, as it is written."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _are_words(given: list[ast.expr]) -> bool:
    """Whether arguments are words, as those of `session.run("python", "train.py")`."""
    texts = [isinstance(each, ast.Constant) and isinstance(each.value, str) for each in given]
    return len(texts) > 1 and all(texts[:2])


def _put_together(node: ast.expr) -> list[ast.expr]:
    """What a text is put together of."""
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    parts = node.values if isinstance(node, ast.JoinedStr) else []
    return [each.value for each in parts if isinstance(each, ast.FormattedValue)]


def _parameters(function: Function) -> list[str]:
    given = function.args
    return [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def _makes_list(node: ast.expr) -> bool:
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        if _makes_list(node.right):
            return True
        node = node.left
    if isinstance(node, (ast.List, ast.Tuple)):
        return bool(node.elts) and isinstance(node.ctx, ast.Load)
    return isinstance(node, ast.Call) and split_text(node) is not None


def _used(node: ast.expr, scope: Scope) -> dict[str, list[WordList]]:
    """The lists that the names in an expression hold just now."""
    names = (key_of(each) for each in ast.walk(node) if isinstance(each, (ast.Name, ast.Attribute)))
    return {name: [*scope.now[name]] for name in names if name in scope.now}


def _further(name: str, value: ast.expr) -> list[ast.expr] | None:
    """What is added where a list is made anew with what it was: `cmd = cmd + [...]`."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        if key_of(value.left) == name:
            return [value.right]
        before = _further(name, value.left)
        return [*before, value.right] if before is not None else None
    items = value.elts if isinstance(value, (ast.List, ast.Tuple)) else []
    if items and isinstance(items[0], ast.Starred) and key_of(items[0].value) == name:
        return [ast.copy_location(ast.List(items[1:], ast.Load()), value)]
    return None
