"""Whether a file may be changed as proposed: it still parses, and says what it said."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable, Iterable, Mapping as Table
from dataclasses import dataclass, field
from typing import Any

import msgspec
import yaml

from loralint.diagnostics import Edit
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
from loralint.fix.documents import text_of
from loralint.fix.rows import Rows
from loralint.read import extract
from loralint.read.documents import events
from loralint.source import Source, Span

_PLAIN = re.compile(r"[\w./-]+")


def problem(before: Source, after: Source, meant: Meant) -> str:
    """Why the new content must not be written, in words; "" where it may be."""
    said, says = extract(before, whole=True), extract(after, whole=True)
    if says.error and not said.error:
        return f"it would no longer parse: {says.error.message}"
    if says.error and after.kind == "python":
        return "nothing can read it as a whole"
    try:
        reason = "" if says.error else _syntax(before, after)
    except RecursionError:
        return "it is nested too deeply to be read again"
    if reason or same(said, says, meant):
        return reason
    return "it would say more or other things than the fix means to change"


def literals(source: Source, edits: Iterable[Edit]) -> dict[str, str]:
    """The literals that edits write anew, old → new."""
    found: dict[str, str] = {}
    for edit in edits:
        old, new = _literal(_covered(source, edit)), _literal(edit.content)
        if old and new and old != new:
            found[old] = new
    return found


def _literal(text: str) -> str:
    """What a literal stands for; "" where the text is none."""
    if _PLAIN.fullmatch(text):
        return text
    if text[:1] in ('"', "'"):
        try:
            value = ast.literal_eval(text)
        except (SyntaxError, ValueError):
            return ""
        return value if isinstance(value, str) else ""
    return ""


def _covered(source: Source, edit: Edit) -> str:
    """The text that an edit replaces."""
    if source.kind == "notebook":
        from loralint.read import cells

        text = "\n".join(cells.lines(source.content, edit.place.cell or 0))
    else:
        text = text_of(source)
    rows = Rows(text, yaml=source.kind == "yaml")
    span = edit.place.span
    return text[rows.offset(span.start) : rows.offset(span.end)]


def _syntax(before: Source, after: Source) -> str:
    """Why the new content is no longer a file of its kind."""
    if after.kind == "python":
        return _compiled(text_of(after)) if not _compiled(text_of(before)) else ""
    if after.kind == "notebook":
        return _notebook(before.content, after.content)
    if after.kind in ("yaml", "json") and repeated(text_of(after)) > repeated(text_of(before)):
        return "a key would stand there twice"
    return ""


def _compiled(text: str) -> str:
    """Why Python refuses a module: it sees what a parser does not, such as a repeated keyword."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<fixed>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError) as error:
        return f"Python would refuse it: {error}"
    return ""


def _notebook(before: bytes, after: bytes) -> str:
    """Everything beside the cells' source is what it was."""
    return "" if _rest(before) == _rest(after) else "more than a cell's source would change"


def _rest(content: bytes) -> object:
    return json.loads(content, object_hook=_without_source, strict=False)


def _without_source(found: dict[str, object]) -> dict[str, object]:
    if "cell_type" not in found:
        return found
    return {key: value for key, value in found.items() if key not in ("source", "input")}


# --- what a file says, but for what a fix means to change -----------------------------------------

# Facts are compared without places and without the text of calls. What a fix means to change is
# named by keywords (`revision`): arguments, keys, flags and options of these names are left out
# of the comparison. Literals that it writes anew count as one with what they were.

SUPPRESSION = "suppression"
"""Names what a fix of LOR002 changes: a comment."""

_PLACES = frozenset(
    """span text insert_at margins literals keys first_row last_row rows revision_at
    template_at""".split()
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


# --- keys that stand twice in one mapping ---------------------------------------------------------


@dataclass
class _Mapping:
    """A mapping that is being read: its keys, and whether a key comes next."""

    keys: set[str] = field(default_factory=set)
    is_key: bool = True


def repeated(text: str) -> int:
    """How many keys repeat one of their mapping; 0 where the text is no YAML.

    Parsers take the last of them without a word.
    """
    found = 0
    open_: list[_Mapping | None] = []
    try:
        for event in events(text.replace("\t", " ")):
            if isinstance(event, yaml.CollectionEndEvent):
                open_.pop()
            elif isinstance(event, yaml.NodeEvent):
                found += _takes(open_[-1] if open_ else None, event)
                if isinstance(event, yaml.CollectionStartEvent):
                    is_mapping = isinstance(event, yaml.MappingStartEvent)
                    open_.append(_Mapping() if is_mapping else None)
    except yaml.YAMLError:
        return 0
    return found


def _takes(mapping: _Mapping | None, event: yaml.NodeEvent) -> bool:
    """Take a key or value of a mapping; whether it is a key that the mapping has already."""
    if mapping is None:
        return False
    is_key, mapping.is_key = mapping.is_key, not mapping.is_key
    if not is_key or not isinstance(event, yaml.ScalarEvent):
        return False
    again = event.value in mapping.keys
    mapping.keys.add(event.value)
    return again
