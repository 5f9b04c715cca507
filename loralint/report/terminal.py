"""For people: `full`, with the source and the places, and `concise`, a line a finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loralint.diagnostics import Diagnostic, Fix, Related
from loralint.report.base import Report, page_of
from loralint.report.grouping import Group, everywhere, gravest_first, group, taken_in
from loralint.report.snippet import Pen, snippet
from loralint.report.text import (
    BY,
    Paint,
    by_rule,
    fixable,
    headline,
    option_for,
    palette,
    summary,
)
from loralint.source import Place
from loralint.text import counted, visible

_PLACES = 12
"""How many places like the one shown are named; `-v` names all."""

_RELATED = 3
"""How many related places are shown; `-v` shows all."""

_MANY = 10
"""Findings from which on it is said where to begin."""

_BY_PIN = frozenset({"LOR101", "LOR102", "LOR103", "LOR106"})
"""What a commit in the code mends."""


def full(report: Report, width: int = 100) -> str:
    """Render the report for a terminal of `width` columns."""
    paint = palette(report.colour)
    groups = gravest_first(group(report.diagnostics, over_files=True))
    blocks = [_block(report, found, width, paint) for found in groups]
    if report.verbose and report.skipped:
        blocks.append(_skipped(report, paint))
    if report.verbose and report.left_out:
        blocks.append(_left_out(report, paint))
    return "\n\n".join([*map("\n".join, blocks), _summary(report, paint)]) + "\n"


def _block(report: Report, group: Group, width: int, paint: Paint) -> list[str]:
    found = group.head
    seen = found.related if report.verbose else found.related[:_RELATED]
    pen = Pen(_gutter(found.place, seen), width, paint, style=found.severity)
    lines = [_title(found, paint), *_primary(report, found.place, pen)]
    for related in seen:
        lines += _related(report, related, pen)
    if len(found.related) > len(seen):
        lines.append(_note(pen, f"and {len(found.related) - len(seen):,} more (-v shows them)"))
    if group.others:
        limit = None if report.verbose else _PLACES
        lines.append(_note(pen, f"also at {everywhere(group, report, limit)}"))
    if len(group.ids) > 1:
        what = f"{len(group.ids):,} repositories at {len(group.others) + 1:,} places"
        lines.append(_note(pen, what))
    if group.within:
        lines.append(_note(pen, taken_in(group)))
    lines.append(_note(pen, f"rule: {page_of(found)}"))
    if found.fix is not None:
        lines.append(_help(found.fix, report, paint))
    return lines


def _gutter(place: Place, seen: Sequence[Related]) -> int:
    """Return the digits of the largest row in any of a finding's snippets."""
    places = [place, *(related.place for related in seen)]
    return len(str(max(place.span.end.row for place in places)))


def _title(found: Diagnostic, paint: Paint) -> str:
    severity = paint(f"{found.severity}[{found.code}]", found.severity)
    return f"{severity} {paint(found.name, 'bold')}: {visible(found.message)}"


def _primary(report: Report, place: Place, pen: Pen) -> Iterator[str]:
    yield _arrow(report, place, "-->", pen)
    yield from snippet(report.lines(place), place.span, "", pen)


def _related(report: Report, related: Related, pen: Pen) -> list[str]:
    """Return a related place: its message under its source, or beside its name without one."""
    second = Pen(pen.gutter, pen.width, pen.paint, "-", "related")
    place, message = related.place, visible(related.message)
    arrow = _arrow(report, place, ":::", second)
    lines = list(snippet(report.lines(place), place.span, message, second))
    # The snippet before has ended with an empty gutter line: one is enough between two.
    return [arrow, *lines] if lines else [f"{arrow}: {message}"]


def _arrow(report: Report, place: Place, arrow: str, pen: Pen) -> str:
    return f"{' ' * pen.gutter}{pen.paint(arrow, 'gutter')} {visible(report.where(place))}"


def _note(pen: Pen, text: str) -> str:
    return f"{' ' * pen.gutter} {pen.paint('=', 'gutter')} {text}"


def _help(fix: Fix, report: Report, paint: Paint) -> str:
    option = option_for(fix, report)
    option = f" ({option})" if option else ""
    return f"{paint('help', 'help')}: {visible(fix.message)}{paint(option, 'dim')}"


def _skipped(report: Report, paint: Paint) -> list[str]:
    lines = [paint("not decided:", "bold")]
    for one in report.skipped:
        where, what, reason = map(visible, (report.where(one.place), one.what, one.reason))
        lines.append(f"  {where}: {what}: {reason}")
    return lines


def _left_out(report: Report, paint: Paint) -> list[str]:
    lines = [f"  {visible(report.filename(one.path))}: {BY[one.by]}" for one in report.left_out]
    return [paint("not looked at:", "bold"), *lines]


def _summary(report: Report, paint: Paint) -> str:
    first = headline(report)
    style = "bold" if report.diagnostics or not report.files else "good"
    line = paint(first, style) + summary(report)[len(first) :]
    parts = (line, _beginning(report), fixable(report), _unused_settings(report))
    return "\n".join(filter(None, parts))


def _beginning(report: Report) -> str:
    """What there is of each rule, and what to do first, where there is much."""
    found = report.diagnostics
    if len(found) < _MANY:
        return ""
    pins = sum(one.code in _BY_PIN for one in found)
    pairs = sum(one.code.startswith("LOR2") for one in found)
    steps = [
        f"`loralint check --select LOR2` shows the {counted(pairs, 'finding')} of pairs alone"
        if 0 < pairs < len(found)
        else "",
        f"`loralint pin --dry-run` shows which of the {pins:,} unpinned loads it would pin"
        if pins
        else "",
        "`loralint baseline` accepts what is left, and `check` then shows what is new",
    ]
    rows = [f"  {step}" for step in filter(None, steps)]
    return "\n".join((by_rule(found), "What to do first:", *rows))


def _unused_settings(report: Report) -> str:
    """A settings file that decides nothing is said to: somebody has written it for something."""
    names = [visible(report.filename(path)) for path in report.unused_settings]
    if not names:
        return ""
    shown = names if report.verbose or len(names) == 1 else names[:1]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    are = "is" if len(names) == 1 else "are"
    return f"{', '.join(shown)}{more} {are} not used: one run has one settings file."


# --- concise: one line a finding, `path:row:column: CODE name message` ----------------------------


def concise(report: Report) -> str:
    """Render the findings alone: the lines are for editors and for grep."""
    paint = palette(report.colour)
    return "".join(_line(report, found, paint) for found in report.diagnostics)


def _line(report: Report, found: Diagnostic, paint: Paint) -> str:
    where = paint(visible(report.where(found.place)), "bold")
    code = paint(found.code, found.severity)
    return f"{where}: {code} {found.name} {visible(found.message)}\n"
