"""The output formats: one module each, imported when it is asked for.

Every module has `render(report: Report) -> str`. The text ends with a newline, or is empty
where the format has nothing to say, so it can be written as it is.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # not from typing: this module must cost nothing
    from collections.abc import Callable

FORMATS: dict[str, str] = {
    "full": "loralint.report.full",
    "concise": "loralint.report.concise",
    "json": "loralint.report.json_",
    "sarif": "loralint.report.sarif",
    "github": "loralint.report.github",
    "gitlab": "loralint.report.gitlab",
    "junit": "loralint.report.junit",
    "rdjson": "loralint.report.rdjson",
    "markdown": "loralint.report.markdown",
}
"""Each format's name, as in `--output-format`, and its module."""


def renderer(name: str) -> Callable[..., str]:
    """Import the format `name` and return its `render` (`full` also takes a width)."""
    from importlib import import_module

    render: Callable[..., str] = import_module(FORMATS[name]).render
    return render
