"""The last line of a run: what was found, and what was not judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from loralint.diagnostics import SEVERITIES, Diagnostic, Fix, Severity
from loralint.report.base import Report

_NOUNS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}


def summary(report: Report) -> str:
    """Return `Found 3 errors, 2 warnings in 4 files (120 files read). 2 suppressed, …`."""
    return " ".join([headline(report), *_rest(report)])


def fixable(report: Report) -> str:
    """Return `2 fixable with --fix, 1 more with --unsafe-fixes.`, or nothing."""
    counts = Counter(filter(None, (option_for(found.fix, report) for found in report.diagnostics)))
    listed: list[str] = []
    if safe := counts["--fix"]:
        listed.append(f"{safe:,} fixable with --fix")
    if unsafe := counts["--unsafe-fixes"]:
        listed.append(f"{unsafe:,} {'more ' if safe else 'fixable '}with --unsafe-fixes")
    return f"{', '.join(listed)}." if listed else ""


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


def counted(count: int, noun: str) -> str:
    """Return `1 file`, `2 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _rest(report: Report) -> Iterator[str]:
    if report.fixed is not None:
        yield f"[{report.fixed:,} fixed, {len(report.diagnostics):,} remaining]"
    if unjudged := ", ".join(_unjudged(report)):
        yield f"{unjudged}."
    if report.verbose:
        yield f"Took {report.seconds:.2f} s."


def _unjudged(report: Report) -> Iterator[str]:
    if report.suppressed:
        yield f"{report.suppressed:,} suppressed"
    if report.baselined:
        yield f"{report.baselined:,} in the baseline"
    if report.skipped:
        hint = "" if report.verbose else " (-v lists them)"
        yield f"{len(report.skipped):,} not decided{hint}"
