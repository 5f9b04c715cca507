"""Commands that Python starts: `subprocess.run(["vllm", "serve", MODEL])`, `os.system("…")`.

A list whose words begin as a command does is one, whatever starts it; what is added to it later is
there on a condition. Of names only constants are followed: what a function is given is not known.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from loralint.catalog.commands import STARTERS
from loralint.facts import (
    CommandFact,
    Default,
    Environment,
    Known,
    LoadSite,
    Origin,
    OriginKind,
    SaveSite,
    Term,
    Value,
)
from loralint.read import tools
from loralint.read.command_line import invocation
from loralint.read.shell_words import Fragment
from loralint.read.words import Command, Word, joined, unfollowed
from loralint.source import Span

_MAY_START = re.compile(r"\bsubprocess\b|\bos\.(?:system|popen|exec|spawn)")
_GROWING = frozenset({"extend", "append"})

Names = Mapping[str, Value]


@dataclass(slots=True)
class Started:
    """What the commands of a module load, save and run."""

    loads: list[LoadSite] = field(default_factory=list)
    saves: list[SaveSite] = field(default_factory=list)
    runs: list[CommandFact] = field(default_factory=list)


def may_start(text: str) -> bool:
    """Whether a module may start commands at all."""
    return _MAY_START.search(text) is not None


def started(
    path: str, tree: ast.Module, rows: list[str], names: Mapping[str, Term], span: SpanOf
) -> Started:
    """What the commands of a module do."""
    found = Started()
    constants = {name: _value(term) for name, term in names.items()}
    for command in _commands(path, tree.body, constants, span):
        run = invocation(command)
        if run is None:
            continue
        fact, made = run.fact(), tools.sites_of(path, run, rows)
        found.runs += [fact] if fact is not None else []
        found.loads += made.loads
        found.saves += made.saves
    return found


SpanOf = Callable[[ast.expr], Span]


def _commands(path: str, body: list[ast.stmt], names: Names, span: SpanOf) -> Iterator[Command]:
    """The commands of a block, and those of the functions in it with the names that they bind."""
    block = _Block()
    for node in _nodes(body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inside = {**names, **_bound(path, node)}
            yield from _commands(path, node.body, inside, span)
        else:
            block.look_at(node)
            yield from _texts(path, node, names, span)
    for words in block.lists:
        yield words.command(names, span)


def _nodes(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes of a block in their order, but what is inside of its functions."""
    todo: list[ast.AST] = [*reversed(body)]
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            todo.extend(reversed([*ast.iter_child_nodes(node)]))


class _Block:
    """The lists of one block, and which name holds which."""

    def __init__(self) -> None:
        self.lists: list[_Words] = []
        self._named: dict[str, _Words] = {}
        self._seen: set[int] = set()

    def look_at(self, node: ast.AST) -> None:
        """Note a list, or what is added to one."""
        if isinstance(node, ast.Assign) and _is_list(node.value):
            target = node.targets[0]
            if isinstance(target, ast.Name):
                self._named[target.id] = self._list(node.value)
            return
        name, added = _grown(node)
        if name in self._named:
            self._named[name].added += added
        if isinstance(node, ast.List) and id(node) not in self._seen and node.elts:
            self._list(node)

    def _list(self, node: ast.expr) -> _Words:
        self._seen.add(id(node))
        words = _Words(node, list(getattr(node, "elts", ())))
        self.lists += [words] if words.first else []
        return words


def _is_list(node: ast.expr) -> bool:
    return isinstance(node, (ast.List, ast.Tuple))


@dataclass(slots=True)
class _Words:
    """A list that may be a command, and what is added to it later."""

    node: ast.expr
    first: list[ast.expr]
    added: list[ast.expr] = field(default_factory=list)

    def command(self, names: Names, span: SpanOf) -> Command:
        """The command, each word at its place."""
        words = [_word(each, names, span) for each in self.first]
        later = [replace(_word(each, names, span), optional=True) for each in self.added]
        text = " ".join(ast.unparse(self.node).split())
        return Command((*words, *later), span(self.node), text[:200])


def _grown(node: ast.AST) -> tuple[str, list[ast.expr]]:
    """The list that a statement adds to, and what it adds."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        given = node.value
        return node.target.id, [*given.elts] if isinstance(given, (ast.List, ast.Tuple)) else []
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
        return "", []
    owner, given = node.func.value, node.args[0]
    if not isinstance(owner, ast.Name) or node.func.attr not in _GROWING:
        return "", []
    if node.func.attr == "append":
        return owner.id, [given]
    return owner.id, [*given.elts] if isinstance(given, (ast.List, ast.Tuple)) else []


def _texts(path: str, node: ast.AST, names: Names, span: SpanOf) -> Iterator[Command]:
    """The commands of a text that is run by a shell: `os.system("python train.py")`."""
    if not (isinstance(node, ast.Call) and node.args):
        return
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    given = node.args[0]
    value = _of(given, names) if name in STARTERS and not isinstance(given, ast.Name) else None
    text = value.value if isinstance(value, (Known, Default)) else None
    if isinstance(text, str) and " " in text:
        from loralint.read.scripts import commands  # which brings the shell's parser

        yield from commands(path, Fragment(text, whole=span(given)))


# --- values ---------------------------------------------------------------------------------------


def _word(node: ast.expr, names: Names, span: SpanOf) -> Word:
    if isinstance(node, ast.Starred):
        return Word(unfollowed("a list"), span(node), open=True)
    value = _of(node, names)
    lead = str(value.value) if isinstance(value, (Known, Default)) else ""
    if isinstance(node, ast.JoinedStr) and not lead and isinstance(node.values[0], ast.Constant):
        lead = str(node.values[0].value)
    return Word(value, span(node), lead)


def _of(node: ast.expr, names: Names) -> Value:
    """What a word of a command is."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float)):
        return Known(str(node.value))
    if isinstance(node, ast.Name):
        return names.get(node.id, _UNKNOWN)
    if isinstance(node, ast.JoinedStr):
        parts = [
            each.value if isinstance(each, ast.FormattedValue) else each for each in node.values
        ]
        return joined([_of(each, names) for each in parts]) if parts else Known("")
    if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.executable":
        return Known("python")
    if isinstance(node, ast.Call) and len(node.args) == 1 and getattr(node.func, "id", "") == "str":
        return _of(node.args[0], names)
    return _UNKNOWN


_UNKNOWN = unfollowed("a Python value")


def _value(term: Term) -> Value:
    """What a name of the module is, where it is a text."""
    if isinstance(term, (Known, Default)) and isinstance(term.value, str):
        return term
    if isinstance(term, Environment) and isinstance(term.default, Known):
        return Default(term.default.value, Origin(OriginKind.ENVIRONMENT, name=(term.name,)))
    return _UNKNOWN


def _bound(path: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, Value]:
    """What the parameters and the names of a function are, as far as it says so itself."""
    found: dict[str, Value] = {}
    given = function.args
    plain = [*given.posonlyargs, *given.args]
    defaults: Iterable[tuple[ast.arg, ast.expr | None]] = (
        *zip(plain[len(plain) - len(given.defaults) :], given.defaults, strict=True),
        *zip(given.kwonlyargs, given.kw_defaults, strict=True),
    )
    for each in (*plain, *given.kwonlyargs):
        found[each.arg] = _UNKNOWN
    for each, default in defaults:
        if isinstance(default, ast.Constant) and isinstance(default.value, str):
            origin = Origin(OriginKind.PARAMETER, path, (function.name, each.arg))
            found[each.arg] = Default(default.value, origin)
    stored = Counter(
        each.id
        for each in ast.walk(function)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    )
    found.update(dict.fromkeys(stored, _UNKNOWN))
    for node in ast.walk(function):
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign):
            is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
            if is_text and stored[target.id] == 1:
                found[target.id] = _of(node.value, {})
    return found
