"""Where SARIF's results and fixes stand: URIs, regions, replacements."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from loralint.diagnostics import Edit, Fix
from loralint.report.base import Report
from loralint.source import Place

Object = dict[str, Any]


def physical(report: Report, place: Place) -> Object:
    """Return a physical location; in a notebook, whose rows are a cell's, the first row."""
    region = {"startLine": 1} if place.cell is not None else _region(place)
    return {"artifactLocation": artifact(report.filename(place.path)), "region": region}


def _region(place: Place) -> Object:
    start, end = place.span.start, place.span.end
    return {
        "startLine": start.row,
        "startColumn": start.column,
        "endLine": end.row,
        "endColumn": end.column,
    }


def artifact(filename: str) -> Object:
    """Return an artifact location: relative to %SRCROOT%, or a file URI."""
    if re.match(r"/|[A-Za-z]:/", filename):
        return {"uri": f"file:///{_encoded(filename.lstrip('/'), ':')}"}
    return {"uri": _encoded(filename), "uriBaseId": "%SRCROOT%"}


def _encoded(filename: str, safe: str = "") -> str:
    """Percent-encode a name: its own bytes where it is no UTF-8."""
    try:
        name = filename.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        name = filename.encode("utf-8", "surrogatepass")
    return quote(name, safe=f"/{safe}")


def edits(report: Report, fix: Fix | None) -> list[Object]:
    """Return a fix as SARIF's list; none for one that is only shown, or in a notebook."""
    if fix is None or not fix.edits or fix.applicability == "display":
        return []
    if any(edit.place.cell is not None for edit in fix.edits):
        return []
    paths = dict.fromkeys(edit.place.path for edit in fix.edits)
    changes = [_change(report, path, fix.edits) for path in paths]
    return [
        {
            "description": {"text": fix.message},
            "artifactChanges": changes,
            "properties": {"applicability": fix.applicability},
        }
    ]


def _change(report: Report, path: str, edits: tuple[Edit, ...]) -> Object:
    replacements = [
        {"deletedRegion": _region(edit.place), "insertedContent": {"text": edit.content}}
        for edit in edits
        if edit.place.path == path
    ]
    return {
        "artifactLocation": artifact(report.filename(path)),
        "replacements": replacements,
    }
