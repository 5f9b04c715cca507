"""`gitlab`: a Code Quality report."""

from __future__ import annotations

from typing import Any

from loralint.diagnostics import Diagnostic
from loralint.report.base import Report, cell_note
from loralint.report.fingerprint import fingerprints
from loralint.report.jsontext import to_json

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def render(report: Report) -> str:
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
