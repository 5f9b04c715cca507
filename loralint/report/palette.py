"""The colours of the terminal formats; without colour, no escape at all."""

from __future__ import annotations

from collections.abc import Callable

Paint = Callable[[str, str], str]
"""Give a text a style, by the style's name."""

_STYLES = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "gutter": "1;34",
    "related": "1;34",
    "help": "1;36",
    "bold": "1",
    "good": "1;32",
    "dim": "2",
}


def palette(colour: bool) -> Paint:
    """Return the paint for a terminal with or without colour."""
    return _coloured if colour else _plain


def _plain(text: str, _style: str) -> str:
    return text


def _coloured(text: str, style: str) -> str:
    return f"\033[{_STYLES[style]}m{text}\033[0m" if text else ""
