"""The lines of a source as editors and Python count them."""

from __future__ import annotations

import re

from loralint.read import cells
from loralint.source import Source

_ENDS = re.compile(r"\r\n|\r|\n")


def lines_of(content: bytes, cell: int | None = None) -> list[str]:
    """Split where Python does; `str.splitlines` would also split at a form feed.

    With `cell`, the lines of that cell of a notebook.
    """
    if cell is not None:
        return cells.lines(content, cell)
    text = content.decode("utf-8-sig", errors="replace")
    return _ENDS.split(text) if "\r" in text else text.split("\n")


def cells_of(source: Source) -> list[int | None]:
    """The numbers of a notebook's cells of code; of another file, the one that it is."""
    if source.kind != "notebook":
        return [None]
    try:
        return [each.number for each in cells.read(source.content).cells if each.kind == "code"]
    except cells.NotANotebook:
        return []
