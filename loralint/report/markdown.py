"""`markdown`: a review comment; the files with errors first, the source behind a fold."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import SEVERITIES
from loralint.report.base import Report
from loralint.report.grouping import Group, group
from loralint.report.markdown_item import fold, item
from loralint.report.markup import code, prose
from loralint.report.summary import counted, summary

_MARKER = "<!-- loralint -->"
"""Lets a bot find its comment again and replace it."""
_ROOM = 60_000
"""GitHub refuses a comment of more than 65,536 characters."""
_SKIPPED = 50


def render(report: Report) -> str:
    """Render a comment that stays within what a forge accepts."""
    head = f"{_MARKER}\n### loralint\n\n{prose(summary(report))}"
    return "\n\n".join([head, *_fitting([*_items(report), *_undecided(report)])]) + "\n"


def _fitting(items: list[str]) -> Iterator[str]:
    """Yield the items that fit, then how many do not."""
    room = _ROOM
    for number, one in enumerate(items):
        room -= len(one) + 2
        if room < 0:
            yield f"… and {len(items) - number:,} more that do not fit into a comment."
            return
        yield one


def _items(report: Report) -> Iterator[str]:
    """Yield the findings file by file, the heading of a file with its first one."""
    urls = report.urls()
    path = None
    for found in _errors_first(group(report.diagnostics)):
        text = item(report, found, urls.get(found.head.code, ""))
        new = found.head.place.path != path
        path = found.head.place.path
        yield f"#### {code(report.filename(path))}\n\n{text}" if new else text


def _errors_first(groups: list[Group]) -> list[Group]:
    """Sort the files by their gravest finding, and the findings of a file by gravity."""
    gravest: dict[str, int] = {}
    for one in groups:
        path = one.head.place.path
        gravest[path] = min(gravest.get(path, len(SEVERITIES)), _gravity(one))
    return sorted(groups, key=lambda one: _rank(one, gravest))


def _rank(one: Group, gravest: dict[str, int]) -> tuple[int, str, int]:
    path = one.head.place.path
    return gravest[path], path, _gravity(one)


def _gravity(one: Group) -> int:
    return SEVERITIES.index(one.head.severity)


def _undecided(report: Report) -> Iterator[str]:
    if not report.verbose or not report.skipped:
        return
    lines = [
        f"- {code(report.where(one.place))}: {prose(one.what)}: {prose(one.reason)}"
        for one in report.skipped[:_SKIPPED]
    ]
    more = len(report.skipped) - len(lines)
    rest = [f"- … and {more:,} more"] if more else []
    yield "\n".join(fold(f"{counted(len(report.skipped), 'place')} not decided", lines + rest))
