"""The lines of a source as editors and Python count them."""

from __future__ import annotations

import re

_ENDS = re.compile(r"\r\n|\r|\n")


def lines_of(content: bytes) -> list[str]:
    """Split where Python does; `str.splitlines` would also split at a form feed."""
    return _ENDS.split(content.decode("utf-8-sig", errors="replace"))
