"""Which texts of a file's facts are literals in the file, and where: what a fix can write anew.

The facts hold the same `Known` in the place of a constant and of everything that reads it; only
who evaluates the file knows which literal it was. So a front end numbers the texts that may be
revisions (`held` has the order) and notes the places of those that are literals
(`FileFacts.literals`). Whoever has the facts finds the place of a value by identity: the linker
hands a `Known` on as it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping as Table

import msgspec

from loralint.facts import (
    Absent,
    Argument,
    Attribute,
    CallFact,
    Choice,
    Default,
    Either,
    Environment,
    FileFacts,
    Item,
    Known,
    Mapping,
    Origin,
    OriginKind,
    Parameter,
    Partial,
    Result,
    Sequence,
    Symbol,
    Term,
    Unknown,
    Value,
)
from loralint.refs import kind_of
from loralint.source import Place, Span

_NAMED = re.compile(r"rev|commit|branch|ref|sha|tag|version|pin|hash|default", re.IGNORECASE)
"""Names under which a text may well be a revision."""

_TEXT = re.compile(r"[\w./-]{0,100}", re.ASCII)
_TELLING = frozenset({"commit", "default-branch", "pull-request", "abbreviated"})
_OPTIONS = frozenset({"add_argument", "option", "Option", "argument", "Argument"})
MAX_HELD = 2_000
"""A file with more texts that may be revisions is data."""


def may_be(constant: Known) -> bool:
    """Whether a constant may be a revision, whatever it is called."""
    value = constant.value
    return value is None or (isinstance(value, str) and _TEXT.fullmatch(value) is not None)


def may_be_revision(value: object, name: str) -> bool:
    """Whether a constant may be a revision, from its text or from the name that holds it."""
    if value is None:
        return "revision" in name
    if not isinstance(value, str) or not may_be(Known(value)):
        return False
    return _NAMED.search(name) is not None or (value != "" and kind_of(value) in _TELLING)


def by_identity(spans: Table[int, Span | None]) -> Callable[[Known], Span | None]:
    """A table of places by `id`, as `with_literals` asks for them."""
    return lambda known: spans.get(id(known))


def with_literals(facts: FileFacts, place: Callable[[Known], Span | None]) -> FileFacts:
    """The facts with the places of those texts that are literals, as `place` knows them."""
    numbered = enumerate(held(facts))
    found = ((number, place(known)) for number, (known, _) in numbered)
    literals = tuple((number, span, None) for number, span in found if span is not None)
    return msgspec.structs.replace(facts, literals=literals) if literals else facts


def held(facts: FileFacts) -> Iterator[tuple[Known, Origin | None]]:
    """The texts of a file that may be revisions, each with its origin as a default, in order.

    The origin is that of a `Default` made of it, where it is the default of an option or the like.
    """
    for number, found in enumerate(_held(facts)):
        if number >= MAX_HELD:
            return
        yield found


def _held(facts: FileFacts) -> Iterator[tuple[Known, Origin | None]]:
    for call in facts.calls:
        option = _option(facts.path, call)
        for given in call.arguments:
            origin = option if given.name == "default" else None
            yield from _inside(given.value, given.name or "", origin)
    yield from _defaults(facts)
    for name, term in facts.names:
        yield from _inside(term, name)
    yield from _inside(facts.data, "")
    for load in facts.loads:
        yield from _inside(load.revision, "revision")
    for flag in (flag for command in facts.commands for flag in command.flags):
        yield from _inside(flag.value, flag.name)


def _defaults(facts: FileFacts) -> Iterator[tuple[Known, Origin | None]]:
    """The defaults of parameters and fields, and the attributes of objects."""
    path = facts.path
    for function in facts.functions:
        for each in function.parameters:
            origin = Origin(OriginKind.PARAMETER, path, (function.name, each.name))
            yield from _inside(each.default, each.name, origin)
    for class_ in facts.classes:
        for field in class_.fields:
            origin = Origin(OriginKind.FIELD, path, (class_.name, field.name))
            yield from _inside(field.default, field.name, origin)
        for name, term in class_.attributes:
            yield from _inside(term, name)


class Written:
    """Where the values of some files are written."""

    def __init__(self, files: Table[str, FileFacts]) -> None:
        self._facts = files  # kept alive: places are found by identity
        self._known: dict[int, Place] = {}
        self._defaults: defaultdict[Origin | None, list[tuple[Place, Known]]] = defaultdict(list)
        self._flags: dict[Place, tuple[Place, Known]] = {}
        for path, facts in files.items():
            self._add(path, facts)

    def _add(self, path: str, facts: FileFacts) -> None:
        places = {number: Place(path, span, cell) for number, span, cell in facts.literals}
        for number, (known, origin) in enumerate(held(facts) if places else ()):
            if number in places:
                self._known[id(known)] = places[number]
                if origin:
                    self._defaults[origin].append((places[number], known))
        for command in facts.commands:
            for flag in command.flags:
                value = flag.value
                if isinstance(value, Known) and id(value) in self._known:
                    word = Place(path, flag.span, command.cell)
                    self._flags[word] = (self._known[id(value)], value)
        if places:
            self._add_constants(facts)

    def _add_constants(self, facts: FileFacts) -> None:
        """Options whose default is a constant of their own file."""
        constants = dict(facts.names)
        for call in facts.calls:
            origin = _option(facts.path, call)
            for given in call.arguments if origin else ():
                named = given.value
                if given.name == "default" and isinstance(named, Symbol) and not named.module:
                    known = constants.get(named.name)
                    place = self._known.get(id(known))
                    if place is not None and isinstance(known, Known):
                        self._defaults[origin].append((place, known))

    def at(self, value: Value) -> Place | None:
        """Where the literal stands that a value comes from, without its quotes.

        None for a value that is put together, that comes from several places, or from none that
        is seen. A literal `None` has no quotes: what takes its place needs some.
        """
        if isinstance(value, Known):
            return self._known.get(id(value))
        if isinstance(value, Default):
            found = {place for place, _ in self._defaults.get(value.origin, ())}
            return found.pop() if len(found) == 1 else None
        return None

    def all_of(self, value: Value, given: tuple[Place, ...]) -> tuple[Place, ...]:
        """The literals that a value comes from: to change it, all of them have to be changed.

        `given` are the words of commands that give the value of an option. A default that says the
        same is one of the literals; none at all where one is not seen.
        """
        at = self.at(value)
        if not isinstance(value, Default) or not given or (at,) == given:
            return (at,) if at is not None else ()
        flags = [self._flags.get(word) for word in given]
        found = [flag for flag in flags if flag is not None and flag[1].value == value.value]
        if len(found) < len(given):
            return ()
        defaults = [each for each in self._defaults.get(value.origin, ()) if each[1] == found[0][1]]
        return tuple(dict.fromkeys(place for place, _ in (*found, *defaults)))


def _option(path: str, call: CallFact) -> Origin | None:
    """The origin of the option that a call declares."""
    name = declared_option(call)
    return Origin(OriginKind.OPTION, path, (name,)) if name else None


def declared_option(call: CallFact) -> str:
    """The attribute under which the option is read that a call declares; "" where it does not."""
    if getattr(call.callee, "name", "").rpartition(".")[2] not in _OPTIONS:
        return ""
    return destination(call.arguments)


def destination(arguments: tuple[Argument, ...]) -> str:
    """The attribute that an option is read under."""
    flags: list[str] = []
    for given in arguments:
        text = given.value.value if isinstance(given.value, Known) else None
        if given.name == "dest" and isinstance(text, str):
            return text
        if given.name is None and isinstance(text, str):
            flags.append(text)
    long = [flag for flag in flags if flag.startswith("--")] or flags
    return long[0].lstrip("-").replace("-", "_") if long else ""


_WITHOUT_TEXT = (Absent, Attribute, Parameter, Result, Symbol, Unknown)
"""Most terms are one of these."""


def _inside(
    term: Term, name: str, origin: Origin | None = None
) -> Iterator[tuple[Known, Origin | None]]:
    """The texts in a term, under the name that holds each."""
    if isinstance(term, _WITHOUT_TEXT):
        return
    todo: list[tuple[Term, str]] = [(term, name)]
    while todo:
        each, holder = todo.pop()
        if isinstance(each, Known):
            if may_be_revision(each.value, holder):
                yield each, origin if each is term else None
        else:
            todo.extend(_parts(each, holder))


def _parts(term: Term, name: str) -> Iterator[tuple[Term, str]]:
    if isinstance(term, (Choice, Either)):
        yield from ((value, name) for value in term.values)
    elif isinstance(term, Mapping):
        yield from ((value, key or "") for key, value in term.entries)
    elif isinstance(term, Sequence):
        yield from ((value, name) for value in term.items)
    elif isinstance(term, Partial):
        yield from ((given.value, given.name or "") for given in term.arguments)
    elif isinstance(term, (Item, Environment)):
        yield term.default, name
    if isinstance(term, Item):
        yield term.base, ""
