"""Which argument of a call belongs to which parameter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from loralint.facts import Absent, Argument, Reason, Unknown
from loralint.values.nodes import (
    Arguments,
    Frame,
    Given,
    Lazy,
    Many,
    Node,
    Record,
    Row,
)

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

MAX_SPREADS = 6
"""How many mappings that spread one another are unfolded for their names."""


def argument(
    evaluator: Evaluator, arguments: Arguments, names: tuple[str, ...], position: int | None = None
) -> Node | None:
    """What a call gives for a parameter; None where it gives nothing.

    A spread that may hold it makes it Unknown, or a choice with `Absent` in it.
    """
    for given, frame in arguments:
        if given.name in names and not given.stars:
            return evaluator.force(given.value, frame)
    found = _positional(evaluator, arguments, position) if position is not None else None
    return found if found is not None else _spread(evaluator, arguments, names)


def _positional(evaluator: Evaluator, arguments: Arguments, position: int) -> Node | None:
    for index, given in enumerate(positionals(evaluator, arguments)):
        if given is None:
            return Unknown(Reason.IN_POSITIONALS)
        if index == position:
            return evaluator.look(given)
    return None


def positionals(evaluator: Evaluator, arguments: Arguments) -> Iterator[Given | None]:
    """The positional arguments, known spreads unfolded; None where an unknown one begins."""
    for given, frame in arguments:
        if given.stars == 1:
            row = evaluator.force(given.value, frame)
            if not isinstance(row, Row):
                yield None
                return
            yield from row.items
        elif given.name is None and not given.stars:
            yield Lazy(given.value, frame)


def _spread(evaluator: Evaluator, arguments: Arguments, names: tuple[str, ...]) -> Node | None:
    spreads = tuple((given, frame) for given, frame in arguments if given.stars == 2)
    if not spreads:
        return None

    record = Record(tuple((None, Lazy(given.value, frame)) for given, frame in spreads))
    found: Node | None = None
    for name in names:
        found = evaluator.lookup(record, name)
        if found is not None and not isinstance(found, Absent):
            return found
    return found


def keywords(evaluator: Evaluator, arguments: Arguments) -> tuple[str, ...]:
    """The names of all keyword arguments, those of known spreads too."""
    names: dict[str, None] = {}
    for given, frame in arguments:
        if given.name is not None and not given.stars:
            names[given.name] = None
        elif given.stars == 2:
            names.update(dict.fromkeys(_keys(evaluator, evaluator.force(given.value, frame), 0)))
    return tuple(names)


def _keys(evaluator: Evaluator, node: Node, depth: int) -> Iterator[str]:
    if depth > MAX_SPREADS:
        return
    for option in node.options if isinstance(node, Many) else ():
        yield from _keys(evaluator, option, depth + 1)
    for key, given in node.entries if isinstance(node, Record) else ():
        if key is None:
            yield from _keys(evaluator, evaluator.look(given), depth + 1)
        else:
            yield key


def rest(
    evaluator: Evaluator, arguments: Arguments, taken: frozenset[str], first: int
) -> tuple[Record, Row]:
    """What `**kwargs` and `*args` collect."""
    entries: list[tuple[str | None, Given]] = []
    for given, frame in arguments:
        if given.stars == 2 or (given.name is not None and given.name not in taken):
            entries.append((given.name if not given.stars else None, Lazy(given.value, frame)))
    items: list[Given] = []
    for position, each in enumerate(positionals(evaluator, arguments)):
        if position >= first:
            items.append(each if each is not None else Unknown(Reason.IN_POSITIONALS))
    return Record(tuple(entries)), Row(tuple(items))


def of_call(call_arguments: tuple[Argument, ...], frame: Frame) -> Arguments:
    """The arguments of a call in the frame where it stands."""
    return tuple((given, frame) for given in call_arguments)
