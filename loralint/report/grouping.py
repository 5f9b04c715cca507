"""For people: findings of one rule for one repo id in one file are shown as one.

Where code runs unpinned (LOR105), the commit that mends it mends LOR101 and LOR102 of the same load
as well: these are named there, and not shown once more.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from loralint.diagnostics import SEVERITIES, Diagnostic
from loralint.report.base import position
from loralint.source import Place


class Group(msgspec.Struct, frozen=True):
    """The finding that is shown, the places of the others like it, and what it takes in.

    `within` are the code and name of the rules whose findings at these places need no more.
    """

    head: Diagnostic
    others: tuple[Place, ...]
    within: tuple[tuple[str, str], ...] = ()


_GRAVER = "LOR105"
_WITHIN = frozenset({"LOR101", "LOR102"})


def group(diagnostics: Iterable[Diagnostic]) -> list[Group]:
    """Group the findings, in the order of their first places.

    A finding about no repo id in particular stands alone: two syntax errors are two.
    """
    every = list(diagnostics)
    grave = {_load(found): found for found in every if found.code == _GRAVER}
    within: dict[Diagnostic, list[Diagnostic]] = {}
    alike: dict[tuple[object, ...], list[Diagnostic]] = {}
    for number, found in enumerate(every):
        graver = grave.get(_load(found)) if found.code in _WITHIN else None
        if graver is not None:
            within.setdefault(graver, []).append(found)
            continue
        key = found.code, found.place.path, found.subject or number
        alike.setdefault(key, []).append(found)
    return [_merge(found, within) for found in alike.values()]


def _load(found: Diagnostic) -> tuple[object, ...]:
    """What a finding is about: a load of a repository."""
    return found.place, found.subject


def _merge(found: list[Diagnostic], within: dict[Diagnostic, list[Diagnostic]]) -> Group:
    head = min(found, key=lambda one: SEVERITIES.index(one.severity))
    others = dict.fromkeys(one.place for one in found if one.place != head.place)
    names = {(each.code, each.name): None for one in found for each in within.get(one, ())}
    return Group(head, tuple(others), tuple(names))


def taken_in(group: Group) -> str:
    """What a group takes in, in words; "" where it takes in nothing."""
    names = " and ".join(f"{code} {name}" for code, name in group.within)
    return f"a commit also mends {names} of the same load" if names else ""


def also(group: Group, limit: int | None) -> str:
    """Return the other places as `30, 44, cell 5:1`; past the limit only their number."""
    rows = list(dict.fromkeys(map(position, group.others)))
    if limit is None or len(rows) <= limit:
        return ", ".join(rows)
    return f"{', '.join(rows[:limit])} and {len(rows) - limit} more"
