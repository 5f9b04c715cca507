"""`concise`: one line a finding, `path:row:column: CODE name message`."""

from __future__ import annotations

from loralint.diagnostics import Diagnostic
from loralint.report.base import Report
from loralint.report.palette import Paint, palette
from loralint.report.visible import visible


def render(report: Report) -> str:
    """Render the findings alone: the lines are for editors and for grep."""
    paint = palette(report.colour)
    return "".join(_line(report, found, paint) for found in report.diagnostics)


def _line(report: Report, found: Diagnostic, paint: Paint) -> str:
    where = paint(visible(report.where(found.place)), "bold")
    code = paint(found.code, found.severity)
    return f"{where}: {code} {found.name} {visible(found.message)}\n"
