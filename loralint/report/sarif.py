"""`sarif`: SARIF 2.1.0, for code scanning."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from loralint.diagnostics import Diagnostic, Edit, Fix, Related, Skipped
from loralint.report.base import Report, RuleDoc, cell_note, fingerprints
from loralint.report.text import silenced, to_json
from loralint.source import Place
from loralint.version import __version__

Object = dict[str, Any]

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def render(report: Report) -> str:
    """Render the report as a log with one run."""
    return to_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]})


def _run(report: Report) -> Object:
    rules = _used(report)
    index = {code: number for number, code in enumerate(rules)}
    pairs = zip(report.diagnostics, fingerprints(report), strict=True)
    driver = {"name": "loralint", "version": __version__, "semanticVersion": __version__}
    return {
        "tool": {"driver": driver | {"rules": list(map(_rule, rules.values()))}},
        "automationDetails": {"id": _category(report)},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report)],
        "results": [_result(report, found, index[found.code], mark) for found, mark in pairs],
    }


def _used(report: Report) -> dict[str, RuleDoc]:
    """The rules of the findings, by code: GitHub refuses large files, and shows no others."""
    names = {found.code: found for found in report.diagnostics}
    rules = {rule.code: rule for rule in report.rules() if rule.code in names} if names else {}
    for code, found in names.items():
        rules.setdefault(code, RuleDoc(code, found.name, found.severity, found.name))
    return dict(sorted(rules.items()))


def _category(report: Report) -> str:
    """What tells runs of one analysis from those of others: the folder that was looked at."""
    inside = report.working_directory.strip("/")
    return f"loralint/{inside}/" if inside else "loralint/"


_TAGS = {
    "LOR0": ("maintainability",),
    "LOR1": ("reproducibility", "supply-chain"),
    "LOR2": ("correctness", "train-against-inference"),
    "LOR3": ("correctness", "lost-adapter"),
    "LOR4": ("correctness", "adapter-folder"),
    "LOR5": ("correctness", "verification"),
}
"""What the rules of a family are about."""

_SECURITY = {"LOR105": "8.1", "LOR409": "7.8"}
"""Rules of code that runs unseen (as CVSS counts it): GitHub lists these as security alerts."""


def _properties(rule: RuleDoc) -> Object:
    grave = _SECURITY.get(rule.code)
    tags = [*_TAGS.get(rule.code[:4], ()), *(("security",) if grave else ())]
    return {
        "tags": tags,
        "precision": "high",
        **({"security-severity": grave} if grave else {}),
    }


def _rule(rule: RuleDoc) -> Object:
    level = _LEVELS.get(rule.severity)
    # A rule that is off by default still needs a level for those who turn it on.
    configuration = {"level": level} if level else {"enabled": False, "level": "warning"}
    page = rule.url or f"`loralint rule {rule.code}` explains it."
    text = {"text": f"{rule.summary}. {page}"}
    if rule.help:
        text["markdown"] = f"{rule.help}\n\n{page}"
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.summary},
        "help": text,
        **({"helpUri": rule.url} if rule.url else {}),
        "defaultConfiguration": configuration,
        "properties": _properties(rule),
    }


def _invocation(report: Report) -> Object:
    notes = [_notification(report, one) for one in report.skipped] if report.verbose else []
    if told := silenced(report):
        notes.append({"level": "note", "message": {"text": told}})
    return {"executionSuccessful": True} | ({"toolExecutionNotifications": notes} if notes else {})


def _notification(report: Report, skipped: Skipped) -> Object:
    text = f"not decided: {cell_note(skipped.place)}{skipped.what}: {skipped.reason}"
    location = {"physicalLocation": physical(report, skipped.place)}
    return {"level": "note", "message": {"text": text}, "locations": [location]}


def _result(report: Report, found: Diagnostic, index: int, fingerprint: str) -> Object:
    fixes = edits(report, found.fix)
    related = [_related(report, one, number) for number, one in enumerate(found.related, 1)]
    return {
        "ruleId": found.code,
        "ruleIndex": index,
        "level": _LEVELS[found.severity],
        "message": {"text": _message(found)},
        "locations": [{"physicalLocation": physical(report, found.place)}],
        **({"relatedLocations": related} if related else {}),
        **({"fixes": fixes} if fixes else {}),
        "partialFingerprints": {"loralint/v1": fingerprint},
    }


def _message(found: Diagnostic) -> str:
    """Return the message with a link to each related place: GitHub shows only linked ones."""
    lines = [cell_note(found.place) + found.message]
    for number, related in enumerate(found.related, 1):
        lines.append(f"[{_bracketed(cell_note(related.place) + related.message)}]({number})")
    return "\n".join(lines)


def _bracketed(text: str) -> str:
    for char in "\\[]":
        text = text.replace(char, f"\\{char}")
    return text


def _related(report: Report, related: Related, number: int) -> Object:
    return {
        "id": number,
        "message": {"text": cell_note(related.place) + related.message},
        "physicalLocation": physical(report, related.place),
    }


# --- places, and fixes at them --------------------------------------------------------------------


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
