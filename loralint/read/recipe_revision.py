"""Which key of a recipe gives the revision of a load, and where one may be written."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.catalog.recipe_shape import Framework, Key
from loralint.facts import ABSENT, Reason, Unknown, Value
from loralint.read.recipe_nodes import Entry, find
from loralint.read.recipe_values import Reader
from loralint.source import Span


def given(reader: Reader, key: Key, entry: Entry) -> tuple[str, Entry | None]:
    """The key that gives the revision of what `entry` names, or the one that would: no entry."""
    for name, found in _candidates(reader, key, entry):
        if reader.name(found.node) != ABSENT:
            return name, found
    return next(iter((*key.revision, *key.own)), ""), None


def _candidates(reader: Reader, key: Key, entry: Entry) -> Iterator[tuple[str, Entry]]:
    for path in key.revision:
        yield from ((path, found) for found in find(reader.recipe, path))
    for name in key.own:
        yield from ((name, found) for found in _beside(reader, key, entry, name))


def _beside(reader: Reader, key: Key, entry: Entry, name: str) -> Iterator[Entry]:
    """A key in the same mapping as another one."""
    for owner in find(reader.recipe, key.path.rpartition(".")[0]):
        entries = owner.node.entries or {}
        if name in entries and entry in entries.values():
            yield entries[name]


def value(reader: Reader, framework: Framework, key: Key, found: Entry | None) -> Value:
    """The revision that a load asks for, where `found` is the key that gives it."""
    if _is_mirrored(reader, framework, key):
        return Unknown(Reason.FRAMEWORK, "unsloth drops it when it maps the name to a 4-bit mirror")
    return reader.name(found.node) if found is not None else ABSENT


def _is_mirrored(reader: Reader, framework: Framework, key: Key) -> bool:
    quantizer = framework.quantizer
    if framework.name != "unsloth" or key.artifact == "dataset" or quantizer is None:
        return False
    return all(reader.holds(condition) for condition in quantizer.four)


def insertion(
    reader: Reader, framework: Framework, key: Key
) -> tuple[Span | None, tuple[str, str]]:
    """Where the revision's key may go, above the first key whose revision it gives; its margins."""
    written = any(reader.node(path) is not None for path in key.revision)
    first = None if written else _first(reader, framework, key)
    if first is None:
        return None, ("", "")
    start = first.span.start
    comma = "," if reader.path.endswith(".json") else ""
    return Span(start, start), ("", f"{comma}\n{' ' * (start.column - 1)}")


def _first(reader: Reader, framework: Framework, key: Key) -> Entry | None:
    """The first key whose revision the same key gives, if it begins a row of its own."""
    alike = (one for one in framework.loads if one.revision[:1] == key.revision[:1])
    for one in alike if key.revision else ():
        entry = next(find(reader.recipe, one.path), None)
        if entry is not None:
            return entry if "." not in one.path and entry.starts_line else None
    return None
