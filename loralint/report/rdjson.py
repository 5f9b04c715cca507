"""`rdjson`: reviewdog's diagnostic format."""

from __future__ import annotations

from typing import Any

from loralint.diagnostics import Diagnostic, Fix, Related
from loralint.report.base import Report, cell_note
from loralint.report.text import to_json
from loralint.source import Location, Place

Object = dict[str, Any]


def render(report: Report) -> str:
    """Render the findings as one `DiagnosticResult`."""
    urls = report.urls()
    found = [_diagnostic(report, one, urls.get(one.code)) for one in report.diagnostics]
    return to_json({"source": {"name": "loralint"}, "diagnostics": found})


def _diagnostic(report: Report, found: Diagnostic, url: str | None) -> Object:
    code = {"value": found.code} | ({"url": url} if url else {})
    related = [_related(report, one) for one in found.related]
    suggestions = _suggestions(report, found)
    return {
        "message": f"{found.name}: {cell_note(found.place)}{found.message}",
        "location": _location(report, found.place),
        "severity": found.severity.upper(),
        "code": code,
        **({"suggestions": suggestions} if suggestions else {}),
        **({"related_locations": related} if related else {}),
    }


def _related(report: Report, related: Related) -> Object:
    message = cell_note(related.place) + related.message
    return {"message": message, "location": _location(report, related.place)}


def _location(report: Report, place: Place) -> Object:
    path = report.filename(place.path)
    if place.cell is not None:
        return {"path": path, "range": {"start": {"line": 1, "column": 1}}}
    return {"path": path, "range": _range(report, place)}


def _range(report: Report, place: Place) -> Object:
    start, end = (_position(report, place, one) for one in (place.span.start, place.span.end))
    return {"start": start, "end": end}


def _position(report: Report, place: Place, location: Location) -> Object:
    """Return a position as reviewdog counts it: columns in bytes of UTF-8."""
    lines = report.lines(place)
    column = location.column
    if location.row <= len(lines):
        before = lines[location.row - 1][: column - 1]
        # A lone surrogate stands for one byte that is no UTF-8, and so does its "?".
        column += len(before.encode("utf-8", "replace")) - len(before)
    return {"line": location.row, "column": column}


def _suggestions(report: Report, found: Diagnostic) -> list[Object]:
    """Return the fix; a suggestion has no path, so one that leaves the file is none."""
    if found.fix is None or not _stays(found.fix, found.place.path):
        return []
    return [{"range": _range(report, edit.place), "text": edit.content} for edit in found.fix.edits]


def _stays(fix: Fix, path: str) -> bool:
    if fix.applicability == "display":
        return False
    return all(edit.place.path == path and edit.place.cell is None for edit in fix.edits)
