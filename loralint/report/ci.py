"""For forges: `github` makes annotations of workflow commands, `gitlab` a Code Quality report."""

from __future__ import annotations

from typing import Any

from loralint.diagnostics import Diagnostic
from loralint.report.base import Report, cell_note, fingerprints
from loralint.report.text import to_json
from loralint.source import Span
from loralint.text import visible

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def github(report: Report) -> str:
    """Render one workflow command a finding."""
    return "".join(f"{_command(report, found)}\n" for found in report.diagnostics)


def _command(report: Report, found: Diagnostic) -> str:
    properties = {
        "file": report.filename(found.place.path),
        **_region(found),
        "title": f"{found.code} {found.name}",
    }
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[found.severity]} {listed}::{_data(_message(report, found))}"


def _region(found: Diagnostic) -> dict[str, str]:
    if found.place.cell is not None:
        return {"line": "1", "col": "1", "endLine": "1"}
    return _rows(found.place.span)


def _rows(span: Span) -> dict[str, str]:
    start, end = span.start, span.end
    rows = {"line": str(start.row), "col": str(start.column), "endLine": str(end.row)}
    # The runner refuses an end column over several lines.
    return rows | ({"endColumn": str(end.column)} if start.row == end.row else {})


def _message(report: Report, found: Diagnostic) -> str:
    lines = [cell_note(found.place) + found.message]
    lines += [f"{report.where(one.place)}: {one.message}" for one in found.related]
    if found.fix is not None:
        lines.append(f"help: {found.fix.message}")
    return "\n".join(map(visible, lines))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")


# --- GitLab ---------------------------------------------------------------------------------------

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def gitlab(report: Report) -> str:
    """Render the findings as GitLab's array of issues."""
    pairs = zip(report.diagnostics, fingerprints(report), strict=True)
    return to_json([_issue(report, found, fingerprint) for found, fingerprint in pairs])


def _issue(report: Report, found: Diagnostic, fingerprint: str) -> dict[str, Any]:
    note = cell_note(found.place)
    return {
        "description": f"{found.code} {found.name}: {note}{found.message}",
        "check_name": found.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[found.severity],
        "location": {"path": report.filename(found.place.path), "lines": _lines(found)},
    }


def _lines(found: Diagnostic) -> dict[str, int]:
    if found.place.cell is not None:
        return {"begin": 1, "end": 1}
    span = found.place.span
    return {"begin": span.start.row, "end": span.end.row}
