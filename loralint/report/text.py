"""What reports share: the last line of a run, colours, and JSON that every reader takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from loralint.diagnostics import SEVERITIES, Diagnostic, Fix, LeftOut, LeftOutBy, Severity
from loralint.report.base import Report
from loralint.text import counted, well_formed

_NOUNS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}


def summary(report: Report) -> str:
    """Return `Found 3 errors, 2 warnings in 4 files (120 files read). 2 suppressed, …`."""
    return " ".join([headline(report), *_rest(report)])


def fixable(report: Report) -> str:
    """Return `2 fixable with --fix, 1 more with --unsafe-fixes.`, or nothing."""
    counts = Counter(filter(None, (option_for(found.fix, report) for found in report.diagnostics)))
    parts: list[str] = []
    if safe := counts["--fix"]:
        parts.append(f"{safe:,} fixable with --fix")
    if unsafe := counts["--unsafe-fixes"]:
        parts.append(f"{unsafe:,} {'more ' if safe else 'fixable '}with --unsafe-fixes")
    return f"{', '.join(parts)}." if parts else ""


def option_for(fix: Fix | None, report: Report) -> str:
    """Return the option that would make a fix; nothing where none does, or none is missing."""
    if fix is None or not fix.edits or not report.fixable_note or fix.applicability == "display":
        return ""
    wanted = fix.applicability == "safe" or report.unsafe_fixes
    if report.fixed is not None:
        return "" if wanted else "--unsafe-fixes"
    return "--fix" if wanted else "--unsafe-fixes"


def headline(report: Report) -> str:
    """Return the first sentence of the summary."""
    read = counted(report.files, "file")
    if not report.diagnostics:
        nothing = "Nothing left" if report.fixed else "Nothing found"
        return f"{nothing} in {read}." if report.files else "No files read."
    touched = len({found.place.path for found in report.diagnostics})
    return f"Found {tally(report.diagnostics)} in {counted(touched, 'file')} ({read} read)."


def tally(diagnostics: tuple[Diagnostic, ...]) -> str:
    """Return `3 errors, 2 warnings`."""
    counts = {name: sum(one.severity == name for one in diagnostics) for name in SEVERITIES}
    return ", ".join(counted(count, _NOUNS[name]) for name, count in counts.items() if count)


def by_rule(diagnostics: Sequence[Diagnostic]) -> str:
    """A row for each rule, the gravest and most frequent first: how often, and how grave."""
    counts = Counter((found.severity, found.code, found.name) for found in diagnostics)
    rows = sorted(counts.items(), key=lambda row: (SEVERITIES.index(row[0][0]), -row[1], row[0]))
    width = max((len(f"{count:,}") for _, count in rows), default=0)
    return "\n".join(
        f"  {count:>{width},}  {severity:<7}  {code} {name}"
        for (severity, code, name), count in rows
    )


def _rest(report: Report) -> Iterator[str]:
    if report.fixed is not None:
        yield f"[{report.fixed:,} fixed, {len(report.diagnostics):,} remaining]"
    if unjudged := ", ".join(_unjudged(report)):
        yield f"{unjudged[0].upper()}{unjudged[1:]}."
    if report.verbose:
        yield f"Took {report.seconds:.2f} s."


def _unjudged(report: Report) -> Iterator[str]:
    if report.suppressed:
        yield f"{report.suppressed:,} suppressed"
    if report.baselined:
        yield f"{report.baselined:,} in the baseline"
    if report.ignored:
        yield f"{report.ignored:,} silenced by per-file-ignores"
    hint = "" if report.verbose else " (-v lists them)"
    if report.left_out:
        yield f"not looked at: {_left_out(report.left_out)}{hint}"
    if report.skipped:
        yield f"{len(report.skipped):,} not decided{hint}"


def silenced(report: Report) -> str:
    """What a report of findings alone does not tell: what was silenced, and not looked at."""
    told = ", ".join(_unjudged(msgspec.structs.replace(report, skipped=())))
    return f"{told}." if told else ""


BY: dict[LeftOutBy, str] = {
    "settings": "by the settings",
    "environment": "as a Python environment",
    "gitignore": "by .gitignore",
    "link": "as a link out of the project",
}
"""Who says that a file or a folder is not looked at."""


def _left_out(left_out: Iterable[LeftOut]) -> str:
    counts = Counter((one.by, one.path.endswith("/")) for one in left_out)
    return ", ".join(
        f"{counted(counts[by, is_folder], 'folder' if is_folder else 'file')} {text}"
        for by, text in BY.items()
        for is_folder in (False, True)
        if counts[by, is_folder]
    )


# --- colours: without them, no escape at all ------------------------------------------------------

Paint = Callable[[str, str], str]
"""Give a text a style, by the style's name."""

_STYLES = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "gutter": "1;34",
    "related": "1;34",
    "help": "1;36",
    "bold": "1",
    "good": "1;32",
    "dim": "2",
}


def palette(colour: bool) -> Paint:
    """Return the paint for a terminal with or without colour."""
    return _coloured if colour else _plain


def _plain(text: str, _style: str) -> str:
    return text


def _coloured(text: str, style: str) -> str:
    return f"\033[{_STYLES[style]}m{text}\033[0m" if text else ""


# --- JSON -----------------------------------------------------------------------------------------


def to_json(value: object) -> str:
    """Serialise with an indent of 2 and characters as they are, and end with a newline.

    A lone surrogate, from a file name that is no UTF-8, would be refused by strict readers,
    and with it the whole report.
    """
    import json

    return well_formed(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"
