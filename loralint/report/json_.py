"""`json`: an array of findings. Its keys are a contract (see docs/output-formats.md)."""

from __future__ import annotations

from typing import Any

from loralint.diagnostics import Diagnostic, Edit, Fix, Related
from loralint.report.base import Report
from loralint.report.text import to_json
from loralint.source import Location, Place

Object = dict[str, Any]


def render(report: Report) -> str:
    """Render the findings as a JSON array."""
    urls = report.urls()
    return to_json([finding(report, found, urls.get(found.code)) for found in report.diagnostics])


def finding(report: Report, found: Diagnostic, url: str | None) -> Object:
    """Return the object for one finding; `verify` puts the same ones into its own JSON."""
    return {
        "code": found.code,
        "name": found.name,
        "severity": found.severity,
        "message": found.message,
        **_place(report, found.place),
        "related": [_related(report, related) for related in found.related],
        "fix": None if found.fix is None else _fix(report, found.fix),
        "url": url or None,
        **({"why": found.why} if found.why else {}),
    }


def _place(report: Report, place: Place) -> Object:
    return {
        "filename": report.filename(place.path),
        "cell": place.cell,
        "location": _location(place.span.start),
        "end_location": _location(place.span.end),
    }


def _location(location: Location) -> Object:
    return {"row": location.row, "column": location.column}


def _related(report: Report, related: Related) -> Object:
    return {"message": related.message, **_place(report, related.place)}


def _fix(report: Report, fix: Fix) -> Object:
    edits = [_edit(report, edit) for edit in fix.edits]
    return {"applicability": fix.applicability, "message": fix.message, "edits": edits}


def _edit(report: Report, edit: Edit) -> Object:
    return {
        "filename": report.filename(edit.place.path),
        "content": edit.content,
        "location": _location(edit.place.span.start),
        "end_location": _location(edit.place.span.end),
    }
