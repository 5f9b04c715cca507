"""What all files say, by path and by name: functions, classes, names, calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from loralint.facts import (
    Attribute,
    CallFact,
    Choice,
    ClassFact,
    FileFacts,
    FunctionFact,
    Item,
    Partial,
    Result,
    Site,
    Symbol,
    Term,
)
from loralint.values.modules import Modules

COMPUTED = "*"
"""The name under which calls of something computed are found."""


class Index:
    """All facts of a project, ready to be looked up."""

    def __init__(self, facts: Mapping[str, FileFacts], paths: Iterable[str] = ()) -> None:
        self.files = dict(facts)
        self.modules = Modules({*self.files, *paths})
        self.functions: dict[tuple[str, str], FunctionFact] = {}
        self.classes: dict[tuple[str, str], ClassFact] = {}
        self.definitions: dict[tuple[str, str], tuple[ClassFact | FunctionFact, ...]] = {}
        self.names: dict[tuple[str, str], Term] = {}
        self.calls_by_name: defaultdict[str, list[Site]] = defaultdict(list)
        self.aliases: defaultdict[str, set[str]] = defaultdict(set)
        self.subclasses: defaultdict[str, set[str]] = defaultdict(set)
        for each in self.files.values():
            self._add(each)

    def _add(self, facts: FileFacts) -> None:
        path = facts.path
        self.functions.update(((path, fact.name), fact) for fact in facts.functions)
        for fact in facts.classes:
            self.classes[path, fact.name] = fact
            for base in fact.bases:
                self.subclasses[_last(base)].add(_tail(fact.name))
        definitions: tuple[ClassFact | FunctionFact, ...] = (*facts.classes, *facts.functions)
        for one in definitions:
            key = (path, one.name)
            self.definitions[key] = (*self.definitions.get(key, ()), one)
        for name, term in facts.names:
            self.names[path, name] = term
            self._alias(name, term)
        for position, call in enumerate(facts.calls):
            for name in callee_names(call.callee):
                self.calls_by_name[name].append(Site(path, position))

    def _alias(self, name: str, term: Term) -> None:
        for target in callee_names(term):
            if target not in (name, COMPUTED):
                self.aliases[target].add(name)

    def call(self, site: Site) -> CallFact:
        """The call at a site."""
        return self.files[site.file].calls[site.number]

    def calls_of(self, name: str) -> list[Site]:
        """The calls that may be of a function or class of this name, or of an alias of it."""
        names = {name, *self.aliases.get(name, ())}
        return [site for each in sorted(names) for site in self.calls_by_name.get(each, ())]

    def descendants(self, name: str) -> set[str]:
        """The names of the classes that inherit from a class of this name."""
        found: set[str] = set()
        todo = [name]
        while todo:
            fresh = self.subclasses.get(todo.pop(), set()) - found
            found |= fresh
            todo.extend(fresh)
        return found


def callee_names(term: Term) -> tuple[str, ...]:
    """The last names of what is called; COMPUTED where that is looked up somewhere."""
    if isinstance(term, Symbol):
        return (_tail(term.name),)
    if isinstance(term, Attribute):
        return (term.name,)
    if isinstance(term, Partial):
        return callee_names(term.callee)
    if isinstance(term, Choice):
        return tuple({name for option in term.values for name in callee_names(option)})
    return (COMPUTED,) if isinstance(term, (Item, Result)) else ()


def _last(term: Term) -> str:
    return _tail(term.name) if isinstance(term, (Symbol, Attribute)) else ""


def _tail(name: str) -> str:
    return name.rpartition(".")[2]
