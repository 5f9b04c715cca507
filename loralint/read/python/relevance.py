"""Which functions of a large module matter: those that load or save, and what has to do with them.

Of a large code base nine tenths compute something else. A function is read when it names a strong
marker; then the functions that it calls, and those that call it. Names are matched as words, and
comments count as code: reading too much costs time, never a finding.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from loralint.catalog import ACTIONS, MARKERS, OPEN_MARKERS, PARSER_METHODS, SAVERS
from loralint.catalog.patterns import last_names
from loralint.read.python.definitions import FunctionNode

SMALL = 20_000
"""In a module of this many characters every function may be a helper of another file."""

_ACTING = frozenset(name for action in ACTIONS for name in last_names(action.calls))
_STRONG = MARKERS - (_ACTING - SAVERS.keys()) - PARSER_METHODS
"""What makes a function matter by itself: it loads, saves or trains. What acts on a model matters
where one is loaded."""

_COMMON = frozenset({"main", "run", "forward", "train", "test", "setUp", "setup"})
"""Names of methods of so many classes that only a call without a receiver tells anything."""

_WORD = re.compile(r"\w+")
_CALL = re.compile(r"([.]?)\b([^\W\d]\w*)\s*\(")
_SET = re.compile(r"\bself\.(\w+)\s*(?::[^=\n]*)?=(?!=)")
_READ = re.compile(r"\bself\.(\w+)")


@dataclass(slots=True, eq=False)
class _Unit:
    """A function of the module or of a class, with all that is in it."""

    node: FunctionNode
    class_: str
    words: frozenset[str]
    calls: frozenset[str]
    bare: frozenset[str]
    sets: frozenset[str] = field(default_factory=frozenset)
    reads: frozenset[str] = field(default_factory=frozenset)

    @property
    def called_as(self) -> str:
        """What one calls for it to run: for a constructor, its class."""
        return self.class_ if self.node.name == "__init__" else self.node.name


def skipped(tree: ast.Module, text: str, rows: list[str]) -> frozenset[int]:
    """The functions, by `id`, that need not be read."""
    if len(text) < SMALL:
        return frozenset()
    outside = list(rows)
    units = [_unit(node, class_, rows, outside) for node, class_ in _functions(tree.body)]
    kept = _Kept(units, "\n".join(outside)).found
    return frozenset(id(unit.node) for unit in units if unit not in kept)


def _functions(statements: list[ast.stmt], class_: str = "") -> Iterator[tuple[FunctionNode, str]]:
    """The functions of a block and of the classes in it, each with its class."""
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield statement, class_
        elif isinstance(statement, ast.ClassDef):
            yield from _functions(statement.body, statement.name)
        else:
            for name in ("body", "orelse", "finalbody"):
                yield from _functions(getattr(statement, name, []), class_)
            for handler in getattr(statement, "handlers", ()):
                yield from _functions(handler.body, class_)


def _unit(node: FunctionNode, class_: str, rows: list[str], outside: list[str]) -> _Unit:
    first, last = node.lineno, node.end_lineno or node.lineno
    own = rows[first - 1 : last]
    documented = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
    if documented is not None and documented.lineno > first:
        start, end = documented.lineno, documented.end_lineno or documented.lineno
        own[start - first : end - first + 1] = []
    outside[first - 1 : last] = [""] * (last - first + 1)
    text = "\n".join(own)
    calls = _CALL.findall(text)
    return _Unit(
        node,
        class_,
        frozenset(_WORD.findall(text)),
        frozenset(name for _, name in calls),
        frozenset(name for dot, name in calls if not dot),
        frozenset(_SET.findall(text)) if class_ else frozenset(),
        frozenset(_READ.findall(text)) if class_ else frozenset(),
    )


class _Kept:
    """The functions that are read, grown until nothing new is needed."""

    def __init__(self, units: list[_Unit], outside: str) -> None:
        self.found: set[_Unit] = set()
        self._todo: list[_Unit] = []
        self._named: defaultdict[str, list[_Unit]] = defaultdict(list)
        self._callers: defaultdict[str, list[_Unit]] = defaultdict(list)
        self._setters: defaultdict[tuple[str, str], list[_Unit]] = defaultdict(list)
        for unit in units:
            self._named[unit.called_as].append(unit)
            for name in unit.calls - _COMMON | unit.bare:
                self._callers[name].append(unit)
            for attribute in unit.sets:
                self._setters[unit.class_, attribute].append(unit)
        self._begin(units, outside)
        while self._todo:
            self._spread(self._todo.pop())

    def _begin(self, units: list[_Unit], outside: str) -> None:
        for unit in units:
            if unit.words & _STRONG or any(map(OPEN_MARKERS.fullmatch, unit.words)):
                self._keep(unit)
        for name in {name for _, name in _CALL.findall(outside)}:
            self._keep_called(name, "")

    def _keep(self, unit: _Unit) -> None:
        if unit not in self.found:
            self.found.add(unit)
            self._todo.append(unit)

    def _keep_called(self, name: str, class_: str) -> None:
        for unit in self._named.get(name, ()):
            if unit.class_ in ("", class_) or unit.node.name == "__init__":
                self._keep(unit)

    def _spread(self, unit: _Unit) -> None:
        for name in unit.calls:
            self._keep_called(name, unit.class_)
        for caller in self._callers.get(unit.called_as, ()):
            self._keep(caller)
        for attribute in unit.reads:
            for setter in self._setters.get((unit.class_, attribute), ()):
                self._keep(setter)
