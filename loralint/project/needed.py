"""The names of other modules that the loads, saves and actions of a file depend on.

Most imports are of no interest: following them all reads the whole of a framework. What counts
is what a call that matters is made of, through the names, functions, classes and results of its
file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from loralint.catalog import METHODS, PACKAGES
from loralint.facts import CallFact, FileFacts, Result, Self, Symbol, Term
from loralint.values.callers import parts_of
from loralint.values.index import Index


def needed(index: Index, facts: FileFacts, names: Collection[str] = ()) -> Iterator[Symbol]:
    """The symbols of other modules, outside of the ecosystem, that matter in a file.

    `names` are those of functions whose callers are looked for.
    """
    yield from _Walk(index, facts, names).symbols()


def entered(index: Index, facts: FileFacts) -> Iterator[str]:
    """The project's files that the calls of a file may enter, read or not."""
    modules = {each.callee.module for each in facts.calls if isinstance(each.callee, Symbol)}
    for module in modules - {""}:
        found = index.modules.find(facts.path, module)
        if found is not None:
            yield found


class _Walk:
    def __init__(self, index: Index, facts: FileFacts, names: Collection[str]) -> None:
        self.index = index
        self.facts = facts
        self.names = names
        self.seen: set[object] = set()
        self.todo: list[Term] = []

    def symbols(self) -> Iterator[Symbol]:
        """Every symbol that is reached from a call that matters, each once."""
        for call in self.facts.calls:
            if self._matters(call):
                self._call(call)
        while self.todo:
            term = self.todo.pop()
            if isinstance(term, Symbol) and term.module:
                if self._first(("symbol", term)) and _root(term) not in PACKAGES:
                    yield term
            else:
                self._open(term)

    def _matters(self, call: CallFact) -> bool:
        """Whether a call loads, saves or acts, or enters a function that may."""
        callee = call.callee
        if not isinstance(callee, Symbol):
            return True  # a method or a computed callee: recorded since it may matter
        last = callee.name.rpartition(".")[2]
        if last in METHODS or last in self.names or _root(callee) in PACKAGES:
            return True
        found = self.index.modules.find(self.facts.path, callee.module) if callee.module else ""
        return found == "" or found in self.index.files

    def _call(self, call: CallFact) -> None:
        self.todo += [call.callee, *(each.value for each in call.arguments)]

    def _open(self, term: Term) -> None:
        if isinstance(term, Symbol):
            self._own(term.name)
        elif isinstance(term, Result):
            if self._first(term.call):
                self._call(self.facts.calls[term.call])
        elif isinstance(term, Self):
            self._own(term.class_)
        else:
            self.todo.extend(parts_of(term))

    def _own(self, name: str) -> None:
        """What a name of this file stands for: a value, a function's results, a class."""
        path = self.facts.path
        if not self._first(("own", name)):
            return
        function = self.index.functions.get((path, name))
        if function is not None:
            self.todo += [function.returns, *(each.default for each in function.parameters)]
        class_ = self.index.classes.get((path, name))
        if class_ is not None:
            self.todo += [*class_.bases, *(each.default for each in class_.fields)]
            self.todo += [term for _, term in class_.attributes]
        bound = self.index.names.get((path, name.partition(".")[0]))
        if bound is not None:
            self.todo.append(bound)

    def _first(self, key: object) -> bool:
        new = key not in self.seen
        self.seen.add(key)
        return new


def _root(symbol: Symbol) -> str:
    return symbol.module.partition(".")[0]
