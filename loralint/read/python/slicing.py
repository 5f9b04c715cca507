"""Which statements of a module matter: a slice of it, backward from what loads and saves.

Of a large code base nine tenths compute something else. A statement is kept when it uses a
marker; then whatever binds a name that it reads, the functions that it calls (their `return`s),
and the calls of the functions that load. Names are matched as words, within their scope: keeping
too much costs time, never a finding.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Set

from loralint.read.python.marks import Criteria, Marks, words_of
from loralint.read.python.units import Unit, units_of

_READ = re.compile(r"\bself\.\w+|(?<!\.)\b[^\W\d]\w*")
_CALL = re.compile(r"\b([^\W\d]\w*)\s*\(")
_EXITS = frozenset({"return", "raise", "continue", "break"})
_IMPORTS = frozenset({"import", "from", "global", "nonlocal"})
_PULLING = frozenset({"for", "with"})
_COMMON = frozenset({"main", "run", "__init__", "forward", "train", "test", "setUp", "setup"})

_FEW_ROWS = 12
"""A constant or a helper that builds one is not longer than this."""

SMALL = 20_000
"""In a module of this many characters every function may be a helper of another file."""

TINY = 2_000
"""Below this many characters a slice costs more than it saves."""

Scope = Unit | None


def kept_units(masked: str, size: int, criteria: Criteria) -> list[Unit]:
    """What has to be seen of a module of `size` characters, in order; may raise NotCut."""
    return [unit for unit in _kept(masked, size, criteria) if not _is_for_tests(unit, criteria)]


def _kept(masked: str, size: int, criteria: Criteria) -> list[Unit]:
    if size < TINY:
        return units_of(masked)
    words = words_of(masked)
    if size < SMALL and not criteria.strong.found(masked, words):
        return units_of(masked)  # read for its constants: other files name them
    return sorted(Slice(masked, words, criteria).kept, key=lambda unit: unit.index)


_FOR_TESTS = re.compile(r"\s*@(?:pytest\.|unittest\.|parameterized|require_\w+)")


def _is_for_tests(unit: Unit, criteria: Criteria) -> bool:
    """Whether a decorator only says when a test runs: lists of cases are long."""
    if unit.word != "@" or _FOR_TESTS.match(unit.text) is None:
        return False
    return not (criteria.strong.found(unit.text) or criteria.weak.found(unit.text))


class Slice:
    """The kept units, grown until nothing new is needed."""

    def __init__(self, masked: str, words: Set[str], criteria: Criteria) -> None:
        self.text = masked
        self.words = words
        self.units = units_of(masked)
        self.kept: set[Unit] = set()
        self._pulled: set[Unit] = set()
        self._seen: set[tuple[Scope, str]] = set()
        self._todo: list[tuple[Unit, bool]] = []
        self._index()
        self._seed(criteria)
        self._grow()
        self._finish()

    def _index(self) -> None:
        self._starts = [unit.first_row for unit in self.units]
        self._rows = _row_starts(self.text)
        self._binders: defaultdict[tuple[Scope, str], list[Unit]] = defaultdict(list)
        self._definitions: defaultdict[str, list[Unit]] = defaultdict(list)
        self._returns: defaultdict[Unit, list[Unit]] = defaultdict(list)
        self._weak: defaultdict[Scope, list[Unit]] = defaultdict(list)
        for unit in self.units:
            for name in unit.binds():
                scope = unit.class_ if name.startswith("self.") else unit.function
                self._binders[scope, name].append(unit)
            if unit.name:
                self._definitions[unit.name].append(unit)
            if unit.word == "return" and unit.function is not None:
                self._returns[unit.function].append(unit)

    # --- where to begin ---

    def _seed(self, criteria: Criteria) -> None:
        loading: set[str] = set()
        for unit in self._marked(criteria.strong):
            self._todo.append((unit, True))
            loading.update(_callable_names(unit))
            if not criteria.strong.found_call(unit.text):
                loading.update(unit.binds())  # `load = AutoModel.from_pretrained`
        self._todo.extend((unit, True) for unit in self._callers(loading))
        self._todo.extend((unit, True) for unit in self.units if self._may_be_imported(unit))
        for unit in self._marked(criteria.weak):
            self._weak[unit.function].append(unit)
        self._todo.extend((unit, False) for unit in self._near_weak())

    def _callers(self, names: set[str]) -> Iterator[Unit]:
        """The calls of functions by name, and of the functions that these stand in, and so on."""
        seen: set[str] = set()
        while names - seen:
            new, names = names - seen, set()
            seen |= new
            common = Marks(frozenset(new & _COMMON), bare=True)
            for marks in (Marks(frozenset(new - _COMMON)), common):
                for unit in self._marked(marks):
                    yield unit
                    names.update(_callable_names(unit))

    def _marked(self, marks: Marks) -> Iterator[Unit]:
        """The units that use one of the names, each once, in order."""
        last = None
        for offset in marks.found(self.text, self.words):
            unit = self._unit_at(bisect_right(self._rows, offset))
            if unit is not None and unit is not last:
                last = unit
                if not unit.name and unit.word not in _IMPORTS:
                    yield unit

    def _unit_at(self, row: int) -> Unit | None:
        position = bisect_right(self._starts, row) - 1
        unit = self.units[position] if position >= 0 else None
        return unit if unit is not None and row <= unit.last_row else None

    def _may_be_imported(self, unit: Unit) -> bool:
        """A constant, a field of a class, or a small helper: other files may use it."""
        if unit.last_row - unit.first_row >= _FEW_ROWS or unit.name:
            return False
        if unit.function is None:
            return not unit.word and "=" in unit.text
        few = unit.function.end - unit.function.index < _FEW_ROWS
        return few and len(self.text) < SMALL and unit.function.parent is None

    def _near_weak(self) -> Iterator[Unit]:
        everywhere = len(self.text) < SMALL
        strong = {unit.function for unit, _ in self._todo}
        for function, units in self._weak.items():
            if everywhere or function is None or function in strong:
                yield from units

    # --- what else is needed ---

    def _grow(self) -> None:
        while self._todo:
            unit, pull = self._todo.pop()
            if unit not in self.kept:
                self._keep(unit)
            if pull and unit not in self._pulled:
                self._pulled.add(unit)
                self._pull(unit)

    def _keep(self, unit: Unit) -> None:
        self.kept.add(unit)
        if unit.parent is not None:
            self._todo.append((unit.parent, unit.parent.word in _PULLING))
        if unit.continues:
            self._todo.append((self._before(unit), False))
        if unit.word == "@" and self._decorated(unit) is not None:
            self._todo.append((self._decorated(unit) or unit, False))

    def _before(self, unit: Unit) -> Unit:
        """The header before an `else:` and its like, at the same depth."""
        position = unit.index - 1
        while position > 0 and self.units[position].indent != unit.indent:
            position -= 1
        return self.units[position]

    def _pull(self, unit: Unit) -> None:
        for word in set(_READ.findall(unit.text)):
            scopes = (unit.class_,) if word.startswith("self.") else _scopes(unit)
            for scope in scopes:
                self._todo.extend((found, True) for found in self._bound(scope, word))
        for name in set(_CALL.findall(unit.text)):
            for found in self._definitions.get(name, ()):
                self._define(found, unit)

    def _bound(self, scope: Scope, word: str) -> Iterable[Unit]:
        if (scope, word) in self._seen:
            return ()
        self._seen.add((scope, word))
        return self._binders.get((scope, word), ())

    def _define(self, found: Unit, caller: Unit) -> None:
        """Keep a called function's results and what it does to a model."""
        foreign = found.is_function and found.class_ is not None
        if found in self._pulled or (foreign and found.class_ is not caller.class_):
            return
        self._pulled.add(found)
        self._todo.append((found, False))
        self._todo.extend((unit, True) for unit in self._returns.get(found, ()))
        self._todo.extend((unit, False) for unit in self._weak.get(found, ()))

    def _finish(self) -> None:
        """Imports, decorators, and the ends of kept blocks.

        `return` and `raise` in a kept block decide which branch reaches the next statement. A
        branch that is not kept binds nothing that matters: whether it ends is of no interest.
        """
        for unit in self.units:
            if unit.word in _IMPORTS and (unit.function is None or unit.function in self.kept):
                self._todo.append((unit, False))
        self._grow()
        self.kept.update(unit for unit in self.units if self._completes(unit))

    def _completes(self, unit: Unit) -> bool:
        inside = unit.parent is None or unit.parent in self.kept
        if unit.continues:
            return inside and self._before(unit) in self.kept
        if unit.word == "@":
            return self._decorated(unit) in self.kept
        return unit.word in _EXITS and unit.parent in self.kept

    def _decorated(self, unit: Unit) -> Unit | None:
        for following in self.units[unit.index + 1 :]:
            if following.word != "@":
                return following
        return None


def _callable_names(unit: Unit) -> Iterator[str]:
    """What one must call for `unit` to run: its function, and the class of a constructor."""
    if unit.function is not None:
        yield unit.function.name
        if unit.function.class_ is not None and unit.function.name == "__init__":
            yield unit.function.class_.name


def _scopes(unit: Unit) -> Iterator[Scope]:
    """The function that a unit stands in, those around it, and the module."""
    scope = unit.function
    while scope is not None:
        yield scope
        scope = scope.function
    yield None


def _row_starts(text: str) -> list[int]:
    """The offsets of the rows' first characters."""
    starts, position = [0], text.find("\n")
    while position >= 0:
        starts.append(position + 1)
        position = text.find("\n", position + 1)
    return starts
