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
from dataclasses import dataclass
from functools import cache, cached_property

from loralint.catalog import (
    ACTIONS,
    MARKERS,
    OPEN_MARKERS,
    PARSER_METHODS,
    SAVERS,
    STARTED_ELSEWHERE,
)
from loralint.catalog.patterns import last_names
from loralint.catalog.words import LAUNCHING, POOLS
from loralint.read.python.definitions import FunctionNode

SMALL = 20_000
"""In a module of this many characters every function may be a helper of another file."""

_ACTING = frozenset(name for action in ACTIONS for name in last_names(action.calls))
_STRONG = MARKERS - (_ACTING - SAVERS.keys()) - PARSER_METHODS


@cache
def _is_strong(word: str) -> bool:
    """Whether a function that names it matters by itself: it loads, saves or trains.

    What acts on a model matters where one is loaded.
    """
    return word in _STRONG or OPEN_MARKERS.fullmatch(word) is not None


_COMMON = frozenset({"main", "run", "forward", "train", "test", "setUp", "setup"})
"""Names of methods of so many classes that only a call without a receiver tells anything."""

_WORD = re.compile(r"\w+")
_CALL = re.compile(rf"([.]?)\b([^\W\d]\w*)(?:\.(?:{'|'.join(sorted(STARTED_ELSEWHERE))}))*\s*\(")
_HANDED = re.compile(
    rf"\b(?:target\s*=\s*|(?:{'|'.join(sorted({*POOLS, *LAUNCHING}))})\s*\((?:[^,()]*,\s*)?)"
    r"(self\.)?([^\W\d]\w*)\s*[,)]"
)
"""A function that somebody else is told to call."""

_SET = re.compile(r"\bself\.(\w+)\s*(?::[^=\n]*)?=(?!=)")
_READ = re.compile(r"\bself\.(\w+)")


@dataclass(eq=False)
class _Unit:
    """A function of the module or of a class, with all that is in it; `text` has no docstring."""

    node: FunctionNode
    class_: str
    text: str

    @property
    def called_as(self) -> str:
        """What one calls for it to run: for a constructor, its class."""
        return self.class_ if self.node.name == "__init__" else self.node.name

    @cached_property
    def calls(self) -> list[tuple[str, str]]:
        """The names that it calls, each with the dot before it or none."""
        handed = [(dot[-1:], name) for dot, name in _HANDED.findall(self.text)]
        return [*_CALL.findall(self.text), *handed]


def skipped(tree: ast.Module, text: str, rows: list[str]) -> frozenset[int]:
    """The functions, by `id`, that need not be read."""
    if len(text) < SMALL:
        return frozenset()
    outside = list(rows)
    units = [_unit(node, class_, rows, outside) for node, class_ in _functions(tree.body)]
    strong = sorted(filter(_is_strong, set(_WORD.findall(text))))
    kept = _Kept(units, "\n".join(outside), strong).found
    return frozenset(id(unit.node) for unit in units if unit not in kept)


def _is_fixture(node: FunctionNode) -> bool:
    """Whether pytest gives what a function returns to all that name it as a parameter."""
    named = (each.func if isinstance(each, ast.Call) else each for each in node.decorator_list)
    return any("fixture" in (getattr(e, "attr", ""), getattr(e, "id", "")) for e in named)


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
    outside[first - 1 : last] = [""] * (last - first + 1)
    documented = node.body[0]
    if ast.get_docstring(node, clean=False) is not None and documented.lineno > first:
        own[documented.lineno - first : (documented.end_lineno or first) - first + 1] = []
    return _Unit(node, class_, "\n".join(own))


class _Kept:
    """The functions that are read, grown until nothing new is needed."""

    def __init__(self, units: list[_Unit], outside: str, strong: list[str]) -> None:
        self.found: set[_Unit] = set()
        self._todo: list[_Unit] = []
        self._units = units
        self._by_class: dict[str, dict[str, list[_Unit]]] = {}
        self._named: defaultdict[str, list[_Unit]] = defaultdict(list)
        self._callers: defaultdict[str, set[_Unit]] = defaultdict(set)
        for unit in units:
            self._named[unit.called_as].append(unit)
            for dot, name in unit.calls:
                if not dot or name not in _COMMON:
                    self._callers[name].add(unit)
        marks = re.compile(rf"\b(?:{'|'.join(strong)})\b")
        for unit in units if strong else ():
            if marks.search(unit.text) or _is_fixture(unit.node):
                self._keep(unit)
        for name in {name for _, name in _CALL.findall(outside)}:
            self._keep_called(name, "")
        while self._todo:
            self._spread(self._todo.pop())

    def _keep(self, unit: _Unit) -> None:
        if unit not in self.found:
            self.found.add(unit)
            self._todo.append(unit)

    def _keep_called(self, name: str, class_: str) -> None:
        for unit in self._named.get(name, ()):
            if unit.class_ in ("", class_) or unit.node.name == "__init__":
                self._keep(unit)

    def _spread(self, unit: _Unit) -> None:
        for name in {name for _, name in unit.calls}:
            self._keep_called(name, unit.class_)
        for caller in self._callers.get(unit.called_as, ()):
            self._keep(caller)
        if unit.class_:
            setters = self._setters(unit.class_)
            for attribute in set(_READ.findall(unit.text)):
                for setter in setters.get(attribute, ()):
                    self._keep(setter)

    def _setters(self, class_: str) -> dict[str, list[_Unit]]:
        """The methods of a class by the attributes of `self` that they set."""
        if class_ not in self._by_class:
            found: defaultdict[str, list[_Unit]] = defaultdict(list)
            for unit in self._units:
                for attribute in set(_SET.findall(unit.text)) if unit.class_ == class_ else ():
                    found[attribute].append(unit)
            self._by_class[class_] = found
        return self._by_class[class_]
