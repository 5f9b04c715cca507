"""Fixes → the new content of files: as many as fit beside one another, none that does harm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from loralint.diagnostics import Edit, Fix
from loralint.fixer.checking import literals, problem
from loralint.fixer.documents import Uneditable, edited
from loralint.fixer.meaning import Meant
from loralint.fixer.rows import OutsideText, in_conflict
from loralint.source import Source

Read = Callable[[str], Source]
"""The file of a path (relative to the project's root) as it is now."""


@dataclass(frozen=True)
class Applied:
    """What became of some fixes, by their indices.

    `contents` are the changed files. A fix that overlaps another one is `waiting`: it is to be
    made afresh from the changed files. `dropped` ones would break a file; the reason says how.
    """

    contents: dict[str, bytes] = field(default_factory=dict)
    done: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()
    dropped: dict[int, str] = field(default_factory=dict)


def apply(fixes: Sequence[Fix], read: Read) -> Applied:
    """Lay as many fixes as possible into the files, earlier ones first; nothing is written.

    A fix is made as a whole or not at all, in however many files its edits lie. An edit that two
    fixes share is made once.
    """
    fitting, waiting = _fitting(fixes)
    contents, problems = _laid([fixes[index] for index in fitting], read)
    if not problems:
        return Applied(contents, tuple(fitting), waiting)
    return _one_by_one(fixes, fitting, waiting, read)


def _fitting(fixes: Sequence[Fix]) -> tuple[list[int], tuple[int, ...]]:
    """The fixes that do not overlap an earlier one, and those that do."""
    taken: list[Edit] = []
    fitting: list[int] = []
    waiting: list[int] = []
    for index, fix in enumerate(fixes):
        if any(in_conflict(edit, taken) for edit in fix.edits):
            waiting.append(index)
        else:
            taken += fix.edits
            fitting.append(index)
    return fitting, tuple(waiting)


def _one_by_one(
    fixes: Sequence[Fix], fitting: list[int], waiting: tuple[int, ...], read: Read
) -> Applied:
    """Find the fixes that do harm, by adding them one after another."""
    done: list[int] = []
    dropped: dict[int, str] = {}
    contents: dict[str, bytes] = {}
    for index in fitting:
        together = [fixes[each] for each in (*done, index)]
        found, problems = _laid(together, read)
        if problems:
            dropped[index] = problems[0]
        else:
            done.append(index)
            contents = found
    return Applied(contents, tuple(done), waiting, dropped)


def _laid(fixes: Sequence[Fix], read: Read) -> tuple[dict[str, bytes], list[str]]:
    """The new contents of all files that some fixes touch, and what is wrong with them."""
    contents: dict[str, bytes] = {}
    problems: list[str] = []
    for path, edits in _by_path(fixes).items():
        source = read(path)
        names = frozenset(name for fix in fixes for name in fix.changes)
        try:
            content = edited(source, edits)
            meant = Meant(names, literals(source, edits))
        except (Uneditable, OutsideText) as error:
            problems.append(f"{path}: {error}")
            continue
        changed = msgspec.structs.replace(source, content=content)
        reason = problem(source, changed, meant)
        if reason:
            problems.append(f"{path}: {reason}")
        if content != source.content:
            contents[path] = content
    return contents, problems


def _by_path(fixes: Iterable[Fix]) -> dict[str, list[Edit]]:
    """The edits of each file, each once."""
    found: defaultdict[str, dict[Edit, None]] = defaultdict(dict)
    for fix in fixes:
        for edit in fix.edits:
            found[edit.place.path][edit] = None
    return {path: list(edits) for path, edits in found.items()}
