"""For people: one block for what one edit mends, or what is to be decided once.

Findings of one rule for one repo id are shown as one: in one file, or over all files where a rule
is about nothing but that id. Where code runs unpinned (LOR105), or a pair is at two revisions
(LOR201), the edit that mends it mends LOR101 and LOR102 of the same load as well: these are named
there, and not shown once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import msgspec

from loralint.diagnostics import SEVERITIES, Diagnostic
from loralint.report.base import Report, position
from loralint.source import Place
from loralint.text import visible


class Group(msgspec.Struct, frozen=True):
    """The finding that is shown, the places of the others like it, and what it takes in.

    `within` are the code and name of the rules whose findings at these places need no more, `ids`
    the repositories that they are about.
    """

    head: Diagnostic
    others: tuple[Place, ...]
    within: tuple[tuple[str, str], ...] = ()
    ids: tuple[str, ...] = ()


_GRAVER = ("LOR105", "LOR201")
_OF_ONE_ID = frozenset({"LOR101", "LOR102", "LOR103", "LOR106", "LOR112"})
"""Rules that say nothing of a place but that it loads a repository unpinned."""

_WITHIN = frozenset({"LOR101", "LOR102"})


def group(diagnostics: Iterable[Diagnostic], *, over_files: bool = False) -> list[Group]:
    """Group the findings, in the order of their first places.

    A finding about no repo id in particular stands alone: two syntax errors are two. Over files,
    what is only a note (in tests, mostly) is one group for all ids.
    """
    every = list(diagnostics)
    grave = {
        _load(found): found for code in reversed(_GRAVER) for found in every if found.code == code
    }
    within: dict[Diagnostic, list[Diagnostic]] = {}
    alike: dict[tuple[object, ...], list[Diagnostic]] = {}
    for number, found in enumerate(every):
        graver = grave.get(_load(found)) if found.code in _WITHIN else None
        if graver is not None:
            within.setdefault(graver, []).append(found)
            continue
        key: tuple[object, ...] = found.code, found.place.path, found.subject or number
        if over_files and found.code in _OF_ONE_ID:
            is_note = found.severity == "info"
            key = found.code, is_note, "" if is_note else found.subject or number
        alike.setdefault(key, []).append(found)
    return [_merge(found, within) for found in alike.values()]


def _load(found: Diagnostic) -> tuple[object, ...]:
    """What a finding is about: a load of a repository."""
    return found.place, found.subject


def _merge(found: list[Diagnostic], within: dict[Diagnostic, list[Diagnostic]]) -> Group:
    head = min(found, key=lambda one: SEVERITIES.index(one.severity))
    others = dict.fromkeys(one.place for one in found if one.place != head.place)
    names = {(each.code, each.name): None for one in found for each in within.get(one, ())}
    ids = dict.fromkeys(one.subject for one in found if one.subject)
    return Group(head, tuple(others), tuple(names), tuple(ids))


_FAMILIES = ("LOR2", "LOR3", "LOR5", "LOR4", "LOR1", "LOR0")
"""What loses an adapter comes before what is not pinned."""


def gravest_first(groups: Iterable[Group]) -> list[Group]:
    """The order for people: errors, and among them pairs; else the order of the places."""
    return sorted(groups, key=_gravity)


def _gravity(one: Group) -> tuple[int, int, str]:
    code = one.head.code
    family = _FAMILIES.index(code[:4]) if code[:4] in _FAMILIES else len(_FAMILIES)
    return SEVERITIES.index(one.head.severity), family, code


def taken_in(group: Group) -> str:
    """What a group takes in, in words; "" where it takes in nothing."""
    names = " and ".join(f"{code} {name}" for code, name in group.within)
    what = "a commit" if group.head.code == "LOR105" else "the revision"
    return f"{what} also mends {names} of the same load" if names else ""


def everywhere(group: Group, report: Report, limit: int | None) -> str:
    """The other places, file by file: `a.py:30, 44, b.py:1 and 20 more in 7 files`."""
    files = {
        path: list(dict.fromkeys(map(position, places)))
        for path, places in groupby(group.others, key=lambda place: place.path)
    }
    shown: list[str] = []
    left, unseen = 0, 0
    for path, rows in files.items():
        room = len(rows) if limit is None else max(limit - len(shown), 0)
        name = visible(report.filename(path))
        shown += [row if number else f"{name}:{row}" for number, row in enumerate(rows[:room])]
        left += len(rows[room:])
        unseen += not rows[:room]
    text = ", ".join(shown)
    more = f" in {unseen} more file{'s' if unseen > 1 else ''}" if unseen else ""
    return f"{text} and {left:,} more{more}" if left else text


def also(group: Group, limit: int | None) -> str:
    """Return the other places as `30, 44, cell 5:1`; past the limit only their number."""
    rows = list(dict.fromkeys(map(position, group.others)))
    if limit is None or len(rows) <= limit:
        return ", ".join(rows)
    return f"{', '.join(rows[:limit])} and {len(rows) - limit} more"
