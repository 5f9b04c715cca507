"""Looking up keys in mappings, through what they spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loralint.facts import ABSENT, Absent, Default, Known
from loralint.linker import members, parsers
from loralint.linker.nodes import (
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
from loralint.linker.values import SPREAD

if TYPE_CHECKING:
    from loralint.linker.machine import Machine

MAX_CHANGES = 20
"""An object of which more is set is none that a model's flow goes through."""


def lookup(machine: Machine, record: Record, key: str, end: int | None = None) -> Node | None:
    """What certainly stands under `key`; None where it is absent, Unknown where a spread hides it.

    A key that may be absent (one branch sets it) is a choice with `Absent` in it. A mapping that
    spreads itself (`self.x = {**self.x, ...}`) adds nothing by that.
    """
    mark = (id(record), key)
    if end is None and (mark in machine.busy or not machine.spend()):
        return None
    machine.busy.add(mark)
    try:
        return _search(machine, record, key, len(record.entries) if end is None else end)
    finally:
        if end is None:
            machine.busy.discard(mark)


def changed(machine: Machine, record: Record) -> Node | None:
    """The object of which something was set (`model.config.use_cache = False`); None for dicts."""
    node: Node = record
    for _ in range(MAX_CHANGES):
        if not isinstance(node, Record):
            break
        if not node.entries or node.entries[0][0] is not None:
            return None
        node = machine.look(node.entries[0][1])
    return node if isinstance(node, (Outcome, Part, Method)) else None


def _search(machine: Machine, record: Record, key: str, position: int) -> Node | None:
    while position > 0:
        position -= 1
        name, given = record.entries[position]
        if name == key:
            return _with_earlier(machine, record, key, position, machine.look(given))
        if name is None:
            spread = _spread(machine, machine.look(given), key)
            if spread is not None:
                return _with_earlier(machine, record, key, position, spread)
    return None


def _with_earlier(
    machine: Machine, record: Record, key: str, position: int, found: Node
) -> Node | None:
    """`found`, or where it may be absent what earlier entries say."""
    if not isinstance(found, (Many, Absent)) or not _may_lack(found):
        return found
    earlier = lookup(machine, record, key, position)
    if isinstance(found, Absent):
        return earlier
    kept: list[Node] = [option for option in found.options if not isinstance(option, Absent)]
    return merge([*kept, earlier if earlier is not None else ABSENT])


def _may_lack(node: Node) -> bool:
    if isinstance(node, Many):
        return any(isinstance(option, Absent) for option in node.options)
    return isinstance(node, Absent)


def _spread(machine: Machine, node: Node, key: str) -> Node | None:
    """What `**node` gives for a key; None where it certainly has none."""
    if isinstance(node, Record):
        return lookup(machine, node, key)
    if isinstance(node, Many):
        found = [_spread(machine, option, key) for option in node.options]
        missing = all(each is None for each in found)
        return None if missing else merge([ABSENT if each is None else each for each in found])
    if isinstance(node, Soft):
        return _soft_spread(machine, node, key)
    if isinstance(node, (Instance, Namespace)):
        return _field(machine, node, key)
    return None if isinstance(node, (Absent, Known)) else SPREAD


def _soft_spread(machine: Machine, node: Soft, key: str) -> Node | None:
    """A `{}` by default is there to be filled by the caller; a file by default is what it says."""
    origin = f"{node.origin}.{key}"
    if isinstance(node.node, Record) and not node.node.entries:
        return Default(None, origin)
    inner = _spread(machine, node.node, key)
    return None if inner is None else soften(inner, origin)


def _field(machine: Machine, node: Instance | Namespace, key: str) -> Node | None:
    if isinstance(node, Namespace):
        return parsers.option(machine, node, key) if parsers.has(machine, node, key) else None
    return (
        members.instance_attribute(machine, node, key)
        if members.has_field(machine, node, key)
        else None
    )
