"""Loads that somebody has said need no pin: by a comment, or by `per-file-ignores`."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.config.selectors import covers
from loralint.facts import ABSENT
from loralint.project import Load, Project
from loralint.refs import kind_of
from loralint.source import Place

_RULES = {
    "absent": ("LOR101", "missing-revision"),
    "default-branch": ("LOR102", "default-branch-revision"),
    "branch-or-tag": ("LOR103", "mutable-revision"),
    "pull-request": ("LOR103", "mutable-revision"),
    "abbreviated": ("LOR104", "abbreviated-commit"),
}
"""What would be found of a load that is left as it is, by how it is pinned."""

_ABSENT = {
    "adapter": ("LOR106", "unpinned-adapter"),
    "dataset": ("LOR112", "unpinned-dataset"),
}


def is_waived_by_hand(project: Project, load: Load, ref: str) -> bool:
    """Whether the finding that a pin would settle is silenced on purpose."""
    rule = _rule(load, ref)
    return rule is not None and is_silenced(project, load.place, *rule)


def is_silenced(project: Project, place: Place, code: str, name: str) -> bool:
    """Whether a comment on a call, or the settings for its file, silence a rule."""
    return any(covers(each, code, name) for each in _selectors(project, place))


def _rule(load: Load, ref: str) -> tuple[str, str] | None:
    if load.site.revision == ABSENT:
        return _ABSENT.get(load.site.artifact, _RULES["absent"])
    return _RULES.get(kind_of(ref))


def _selectors(project: Project, place: Place) -> Iterator[str]:
    """What the comments on a call and the settings for its file silence."""
    yield from project.config.ignored_in(place.path)
    row, cell = place.span.start.row, place.cell
    for one in project.files[place.path].suppressions:
        on_it = one.cell == cell and one.first_row <= row <= one.last_row
        if one.whole_file or on_it:
            yield from one.selectors
