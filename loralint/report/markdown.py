"""`markdown`: a review comment; the files with errors first, the source behind a fold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loralint.diagnostics import SEVERITIES, Diagnostic
from loralint.report.base import Report
from loralint.report.grouping import Group, also, group, taken_in
from loralint.report.text import summary
from loralint.source import Place
from loralint.text import counted, visible

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


# --- one finding: a list item with its source behind a fold ---------------------------------------

_ICONS = {"error": "❌", "warning": "⚠️", "info": "💡"}
_LANGUAGES = {
    "py": "python",
    "ipynb": "python",
    "yaml": "yaml",
    "yml": "yaml",
    "json": "json",
    "toml": "toml",
    "sh": "bash",
}
_ROWS = 12
_PLACES = 20


def item(report: Report, group: Group, url: str) -> str:
    """Return one finding, the text under its list mark indented."""
    found = group.head
    name = f"[{prose(found.name)}]({url})" if url else prose(found.name)
    lines = [
        f"- {_ICONS[found.severity]} **{found.code}** {name}, {_row(found.place)}: "
        f"{prose(found.message)}"
    ]
    if group.others:
        lines.append(f"  {_also(group)}")
    if group.within:
        lines.append(f"  {_sentence(taken_in(group))}")
    if found.fix is not None:
        lines.append(f"  **Help:** {prose(found.fix.message)}")
    details = list(_details(report, found))
    if details:
        lines += ["", *(f"  {line}".rstrip() for line in fold("Source", details))]
    return "\n".join(lines)


def fold(title: str, lines: list[str]) -> list[str]:
    """Return lines behind a title that opens them; Markdown needs the blank lines."""
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]


def _row(place: Place) -> str:
    cell = "" if place.cell is None else f"cell {place.cell}, "
    return f"{cell}line {place.span.start.row}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _also(group: Group) -> str:
    noun = "lines " if group.head.place.cell is None else ""
    return f"Also at {noun}{also(group, _PLACES)}."


def _details(report: Report, found: Diagnostic) -> Iterator[str]:
    yield from _source(report, found.place)
    for related in found.related:
        yield from ("", f"{code(report.where(related.place))}: {prose(related.message)}", "")
        yield from _source(report, related.place)


def _source(report: Report, place: Place) -> list[str]:
    first, last = place.span.start.row, place.span.end.row
    lines = list(report.lines(place)[first - 1 : min(last, first + _ROWS)])
    language = _LANGUAGES.get(place.path.rpartition(".")[2], "")
    return fence(lines, language) if lines else []


# --- foreign text: names, messages and code that must stay text -----------------------------------

# A pull request's author chooses the file names and the code, and the comment is written by a bot
# that others trust. So no HTML, no links, no images, no mentions, no references to issues.

# Marks that need a line's start (lists, headings) do not matter: no foreign text stands there.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>!|~&$^#]|:(?=[/\w])|(?<=www)\.)")
# GitHub and GitLab look for these in the finished HTML, where a backslash has gone.
_REFERENCE = re.compile(r"([@#!~%$&]|\bGH-)(?=\w)")
_CODE = re.compile(r"`([^`]+)`")
_ZERO_WIDTH_SPACE = "\u200b"


def prose(text: str) -> str:
    """Return a message: its code spans as code spans, everything else as plain text."""
    parts = _CODE.split(visible(text))
    return "".join(code(part) if odd % 2 else _plain(part) for odd, part in enumerate(parts))


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", _REFERENCE.sub(rf"\1{_ZERO_WIDTH_SPACE}", text))


def code(text: str) -> str:
    """Return a code span, with a delimiter that the text does not contain."""
    text = visible(text)
    ticks = "`" * (_longest_run(text) + 1)
    pad = " " if "`" in text[:1] + text[-1:] or not text.strip() else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def fence(lines: list[str], language: str = "") -> list[str]:
    """Return the lines of a code block, with a fence that the code does not contain."""
    shown = [visible(line.rstrip("\r\n").expandtabs(4)) for line in lines]
    ticks = "`" * max(_longest_run("\n".join(shown)) + 1, 3)
    return [ticks + language, *shown, ticks]


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
