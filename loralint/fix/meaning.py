"""What a file says, but for what a fix means to change: the same before and after it.

Facts are compared without places and without the text of calls. What a fix means to change is
named by keywords (`revision`): arguments, keys, flags and options of these names are left out of
the comparison. Literals that it writes anew count as one with what they were.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping as Table
from dataclasses import dataclass, field
from typing import Any

import msgspec

from loralint.facts import (
    ABSENT,
    Argument,
    CallFact,
    Default,
    FileFacts,
    FlagFact,
    Known,
    LoadSite,
    Mapping,
    Result,
    Suppression,
    Symbol,
)
from loralint.source import Span

SUPPRESSION = "suppression"
"""Names what a fix of LOR002 changes: a comment."""

_PLACES = frozenset(
    """span text insert_at margins literals keys first_row last_row rows revision_at""".split()
)
"""Fields that say where something stands or how it is written, not what it is."""

_ROW = re.compile(r"\bcommand \d+:-?\d+")


@dataclass(frozen=True)
class Meant:
    """What a fix means to change: the names, and the literals it writes anew (old → new)."""

    names: frozenset[str] = frozenset()
    literals: Table[str, str] = field(default_factory=dict)

    def settled(self, text: str) -> str:
        """A literal, or what it becomes."""
        return self.literals.get(text, text)


def same(before: FileFacts, after: FileFacts, meant: Meant) -> bool:
    """Whether two readings of a file say the same but for what was meant to change."""
    return _Reading(before, meant).all() == _Reading(after, meant).all()


class _Reading:
    """One file's facts, as they are compared."""

    def __init__(self, facts: FileFacts, meant: Meant) -> None:
        self.facts = facts
        self.meant = meant
        kept = [i for i, call in enumerate(facts.calls) if not self._is_added(call)]
        self.numbers = {index: number for number, index in enumerate(kept)}

    def all(self) -> object:
        calls = [call for call in self.facts.calls if not self._is_added(call)]
        names = [(name, term) for name, term in self.facts.names if not self._is_config(term)]
        rest = msgspec.structs.replace(self.facts, calls=(), names=())
        return self.plain(tuple(calls)), self.plain(tuple(names)), self.plain(rest)

    def plain(self, fact: Any) -> object:
        """A fact as nested tuples."""
        if isinstance(fact, tuple):
            return tuple(self.plain(each) for each in fact if not self._is_meant(each))
        if isinstance(fact, str):
            return _ROW.sub("command", fact)
        handler = _HANDLERS.get(type(fact))
        if handler is not None:
            return handler(self, fact)
        return self._fields(fact) if isinstance(fact, msgspec.Struct) else (type(fact), fact)

    def _fields(self, fact: msgspec.Struct, *without: str) -> object:
        left_out = _PLACES.union(without)
        names = (name for name in fact.__struct_fields__ if name not in left_out)
        return (type(fact).__name__, *((name, self.plain(getattr(fact, name))) for name in names))

    def _is_meant(self, fact: object) -> bool:
        if isinstance(fact, Suppression):
            return SUPPRESSION in self.meant.names
        return isinstance(fact, (Argument, FlagFact)) and fact.name in self.meant.names

    def _is_added(self, call: CallFact) -> bool:
        """Whether a call makes the configuration that LOR315 passes in a keyword's place."""
        return "quantization_config" in self.meant.names and self._is_config(call.callee)

    def _is_config(self, term: object) -> bool:
        return (
            "quantization_config" in self.meant.names
            and isinstance(term, Symbol)
            and term.name.rpartition(".")[2] == "BitsAndBytesConfig"
        )

    # --- facts that need more than their fields ---

    def value(self, fact: Known | Default) -> object:
        value = self.meant.settled(fact.value) if isinstance(fact.value, str) else fact.value
        origin = fact.origin if isinstance(fact, Default) else None
        return type(fact).__name__, type(value), value, origin

    def mapping(self, fact: Mapping) -> object:
        entries = (e for e in fact.entries if e[0] not in self.meant.names)
        return ("Mapping", *((key, self.plain(value)) for key, value in entries))

    def result(self, fact: Result) -> object:
        return "Result", self.numbers.get(fact.call)

    def load(self, fact: LoadSite) -> object:
        """A load of a recipe or a command line, whose revision is among what is meant."""
        options = tuple((n, v) for n, v in fact.options if n not in self.meant.names)
        changes = fact.revision_key.name.lstrip("-").replace("-", "_") in self.meant.names
        revision = ABSENT if changes else fact.revision
        plain = msgspec.structs.replace(fact, options=options, revision=revision,
                                       revision_at=None)  # fmt: skip
        return self._fields(plain)

    def suppression(self, fact: Suppression) -> object:
        return "Suppression", fact.selectors, fact.whole_file, fact.cell, fact.noqa

    def span(self, fact: Span) -> object:
        return None


_HANDLERS: dict[type, Callable[[_Reading, Any], object]] = {
    Known: _Reading.value,
    Default: _Reading.value,
    Mapping: _Reading.mapping,
    Result: _Reading.result,
    LoadSite: _Reading.load,
    Suppression: _Reading.suppression,
    Span: _Reading.span,
}
