"""Looking up keys in mappings, through what they spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loralint.facts import ABSENT, Absent, Default, Known
from loralint.values import members, parsers
from loralint.values.nodes import (
    Instance,
    Many,
    Method,
    Namespace,
    Node,
    Outcome,
    Part,
    Record,
    Soft,
    merge,
    soften,
)
from loralint.values.values import SPREAD

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

MAX_CHANGES = 20
"""An object of which more is set is none that a model's flow goes through."""


def lookup(evaluator: Evaluator, record: Record, key: str, end: int | None = None) -> Node | None:
    """What certainly stands under `key`; None where it is absent, Unknown where a spread hides it.

    A key that may be absent (one branch sets it) is a choice with `Absent` in it. A mapping that
    spreads itself (`self.x = {**self.x, ...}`) adds nothing by that.
    """
    mark = (id(record), key)
    if end is None and (mark in evaluator.busy or not evaluator.spend()):
        return None
    evaluator.busy.add(mark)
    try:
        return _search(evaluator, record, key, len(record.entries) if end is None else end)
    finally:
        if end is None:
            evaluator.busy.discard(mark)


def changed(evaluator: Evaluator, record: Record) -> Node | None:
    """The object of which something was set (`model.config.use_cache = False`); None for dicts."""
    node: Node = record
    for _ in range(MAX_CHANGES):
        if not isinstance(node, Record):
            break
        if not node.entries or node.entries[0][0] is not None:
            return None
        node = evaluator.look(node.entries[0][1])
    return node if isinstance(node, (Outcome, Part, Method)) else None


def _search(evaluator: Evaluator, record: Record, key: str, position: int) -> Node | None:
    while position > 0:
        position -= 1
        name, given = record.entries[position]
        if name == key:
            return _with_earlier(evaluator, record, key, position, evaluator.look(given))
        if name is None:
            spread = _spread(evaluator, evaluator.look(given), key)
            if spread is not None:
                return _with_earlier(evaluator, record, key, position, spread)
    return None


def _with_earlier(
    evaluator: Evaluator, record: Record, key: str, position: int, found: Node
) -> Node | None:
    """`found`, or where it may be absent what earlier entries say."""
    if not isinstance(found, (Many, Absent)) or not _may_lack(found):
        return found
    earlier = lookup(evaluator, record, key, position)
    if isinstance(found, Absent):
        return earlier
    kept: list[Node] = [option for option in found.options if not isinstance(option, Absent)]
    return merge([*kept, earlier if earlier is not None else ABSENT])


def _may_lack(node: Node) -> bool:
    if isinstance(node, Many):
        return any(isinstance(option, Absent) for option in node.options)
    return isinstance(node, Absent)


def _spread(evaluator: Evaluator, node: Node, key: str) -> Node | None:
    """What `**node` gives for a key; None where it certainly has none."""
    if isinstance(node, Record):
        return lookup(evaluator, node, key)
    if isinstance(node, Many):
        found = [_spread(evaluator, option, key) for option in node.options]
        missing = all(each is None for each in found)
        return None if missing else merge([ABSENT if each is None else each for each in found])
    if isinstance(node, Soft):
        return _soft_spread(evaluator, node, key)
    if isinstance(node, (Instance, Namespace)):
        return _field(evaluator, node, key)
    return None if isinstance(node, (Absent, Known)) else SPREAD


def _soft_spread(evaluator: Evaluator, node: Soft, key: str) -> Node | None:
    """A `{}` by default is there to be filled by the caller; a file by default is what it says."""
    origin = node.origin.item(key) if node.origin is not None else None
    if isinstance(node.node, Record) and not node.node.entries:
        return Default(None, origin)
    inner = _spread(evaluator, node.node, key)
    return None if inner is None else soften(inner, origin)


def _field(evaluator: Evaluator, node: Instance | Namespace, key: str) -> Node | None:
    if isinstance(node, Namespace):
        return parsers.option(evaluator, node, key) if parsers.has(evaluator, node, key) else None
    return (
        members.instance_attribute(evaluator, node, key)
        if members.has_field(evaluator, node, key)
        else None
    )
