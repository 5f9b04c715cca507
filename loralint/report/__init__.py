"""The output formats, imported when one is asked for.

Each is a function of a `Report`. The text ends with a newline, or is empty
where the format has nothing to say, so it can be written as it is.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # not from typing: this module must cost nothing
    from collections.abc import Callable

FORMATS: dict[str, tuple[str, str]] = {
    "full": ("terminal", "full"),
    "concise": ("terminal", "concise"),
    "json": ("json_", "render"),
    "sarif": ("sarif", "render"),
    "github": ("ci", "github"),
    "gitlab": ("ci", "gitlab"),
    "junit": ("junit", "render"),
    "rdjson": ("rdjson", "render"),
    "markdown": ("markdown", "render"),
}
"""Each format's name, as in `--output-format`, with its module and the function that renders it."""


def renderer(name: str) -> Callable[..., str]:
    """Import what renders the format `name` (`full` also takes a width)."""
    from importlib import import_module

    module, function = FORMATS[name]
    render: Callable[..., str] = getattr(import_module(f"loralint.report.{module}"), function)
    return render
