"""One finding of a review comment: a list item with its source behind a fold."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Diagnostic
from loralint.report.base import Report
from loralint.report.grouping import Group, also, taken_in
from loralint.report.markup import code, fence, prose
from loralint.source import Place

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
