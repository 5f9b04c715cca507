"""For people: findings of one rule for one repo id in one file are shown as one."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from loralint.diagnostics import SEVERITIES, Diagnostic
from loralint.reporters.base import position
from loralint.source import Place


class Group(msgspec.Struct, frozen=True):
    """The finding that is shown, and the places of the others like it."""

    head: Diagnostic
    others: tuple[Place, ...]


def group(diagnostics: Iterable[Diagnostic]) -> list[Group]:
    """Group the findings, in the order of their first places.

    A finding about no repo id in particular stands alone: two syntax errors are two.
    """
    alike: dict[tuple[object, ...], list[Diagnostic]] = {}
    for number, found in enumerate(diagnostics):
        key = found.code, found.place.path, found.subject or number
        alike.setdefault(key, []).append(found)
    return [_merge(found) for found in alike.values()]


def _merge(found: list[Diagnostic]) -> Group:
    head = min(found, key=lambda one: SEVERITIES.index(one.severity))
    others = dict.fromkeys(one.place for one in found if one.place != head.place)
    return Group(head, tuple(others))


def also(group: Group, limit: int | None) -> str:
    """Return the other places as `30, 44, cell 5:1`; past the limit only their number."""
    rows = list(dict.fromkeys(map(position, group.others)))
    if limit is None or len(rows) <= limit:
        return ", ".join(rows)
    return f"{', '.join(rows[:limit])} and {len(rows) - limit} more"
