"""The output formats: one module each, imported when it is asked for.

Every module has `render(report: Report) -> str`. The text ends with a newline, or is empty
where the format has nothing to say, so it can be written as it is.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # not from typing: this module must cost nothing
    from collections.abc import Callable

FORMATS: dict[str, str] = {
    "full": "loralint.reporters.full",
    "concise": "loralint.reporters.concise",
    "json": "loralint.reporters.json_",
    "sarif": "loralint.reporters.sarif",
    "github": "loralint.reporters.github",
    "gitlab": "loralint.reporters.gitlab",
    "junit": "loralint.reporters.junit",
    "rdjson": "loralint.reporters.rdjson",
    "markdown": "loralint.reporters.markdown",
}
"""Each format's name, as in `--output-format`, and its module."""


def renderer(name: str) -> Callable[..., str]:
    """Import the format `name` and return its `render` (`full` also takes a width)."""
    from importlib import import_module

    render: Callable[..., str] = import_module(FORMATS[name]).render
    return render
