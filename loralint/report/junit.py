"""`junit`: XML after Jenkins' schema; a suite a file, a failed case a finding."""

from __future__ import annotations

from itertools import groupby
from xml.etree import ElementTree as ET

from loralint.diagnostics import Diagnostic
from loralint.report.base import Report, position
from loralint.text import visible

# The two characters that XML 1.0 forbids and `visible` leaves.
_NO_XML = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}


def render(report: Report) -> str:
    """Render the findings as JUnit XML; without any, one passed case."""
    root = ET.Element("testsuites", {"name": "loralint", **_counts(report.diagnostics)})
    root.set("time", f"{report.seconds:.3f}")
    for path, found in groupby(report.diagnostics, key=lambda one: one.place.path):
        _suite(root, report, path, tuple(found))
    if not report.diagnostics:
        _passed(root)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _passed(root: ET.Element) -> None:
    """Add a passed case: Jenkins and GitLab take a report without cases for a failed run."""
    suite = ET.SubElement(root, "testsuite", {"name": "loralint", **_counts(())})
    ET.SubElement(suite, "testcase", name="no findings", classname="loralint")


def _counts(diagnostics: tuple[Diagnostic, ...]) -> dict[str, str]:
    count = len(diagnostics)
    return {"tests": str(count or 1), "failures": str(count), "errors": "0"}


def _suite(root: ET.Element, report: Report, path: str, found: tuple[Diagnostic, ...]) -> None:
    name = _text(report.filename(path))
    suite = ET.SubElement(root, "testsuite", {"name": name, **_counts(found)})
    for one in found:
        case = f"{one.code} {one.name} at {position(one.place)}:{one.place.span.start.column}"
        element = ET.SubElement(suite, "testcase", name=case, classname=name)
        failure = ET.SubElement(element, "failure", type=one.severity, message=_text(one.message))
        failure.text = "\n".join(_details(report, one))


def _details(report: Report, found: Diagnostic) -> list[str]:
    lines = [f"{report.where(found.place)}: {found.severity}: {found.message}"]
    lines += [f"{report.where(one.place)}: {one.message}" for one in found.related]
    if found.fix is not None:
        lines.append(f"help: {found.fix.message}")
    return list(map(_text, lines))


def _text(text: str) -> str:
    return visible(text).translate(_NO_XML)
