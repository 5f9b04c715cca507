"""A notebook's file → its cells: their number, kind and text, and nothing of their outputs.

nbformat 4 and 3. Cells are numbered from 1 over all cells, Markdown included, as one counts them
on the page. msgspec passes over outputs without building them; where it is stricter than what
Jupyter writes (NaN, another encoding), the standard library reads the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from loralint.source import Source, decoded

LONGEST = 1_000_000
"""Nobody writes a million characters of code into one cell; such a cell is data."""


MOST = 20_000
"""Nobody writes so many cells; such a notebook is data."""

LARGE = 10_000_000
"""Bytes above which a file is not read a second time."""


class NotANotebook(Exception):
    """Why a file cannot be read as a notebook, in words."""


class _Cell(msgspec.Struct, gc=False):
    """A cell of nbformat 4, or (`input`, `language`) of nbformat 3."""

    cell_type: Any = "code"
    source: Any = None
    input: Any = None
    metadata: Any = None
    language: Any = None


class _Sheet(msgspec.Struct, gc=False):
    cells: list[_Cell] = []


class _Notebook(msgspec.Struct, gc=False):
    cells: list[_Cell] | None = None
    worksheets: list[_Sheet] | None = None
    metadata: Any = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; `language` is "" where it is the notebook's own."""

    number: int
    kind: str
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Notebook:
    """The cells of a notebook and the language of its kernel, "" where it does not say."""

    cells: tuple[Cell, ...]
    language: str

    @property
    def is_python(self) -> bool:
        """Whether its code cells are Python, as they are where nothing says otherwise."""
        return not self.language or "python" in self.language or self.language in _PYTHONS


_PYTHONS = frozenset({"pyspark", "sage", "sagemath", "pypy"})
_KERNELS = ("ir", "julia", "bash", "scala", "xcpp", "octave", "matlab", "deno", "javascript",
            "ijavascript", "tslab", "rust", "ruby", "gophernotes", ".net", "sos", "sas", "stata",
            "haskell", "perl", "php", "spylon", "apache_toree", "spark-scala")  # fmt: skip
"""How the names of kernels of other languages begin."""


def read(content: bytes) -> Notebook:
    """The cells of a notebook; raises NotANotebook with the reason where it is none."""
    raw = _decoded(content.removeprefix(b"\xef\xbb\xbf"))
    cells = raw.cells
    if cells is None and raw.worksheets:
        cells = [cell for sheet in raw.worksheets for cell in sheet.cells]
    if cells is None:
        raise NotANotebook("not a notebook: it has no cells")
    if len(cells) > MOST:
        raise NotANotebook(f"it has more than {MOST:,} cells: split it, or exclude it")
    return Notebook(tuple(_cells(cells)), _language(raw.metadata))


def lines(content: bytes, number: int) -> list[str]:
    """The rows of one cell; none where there is no such cell."""
    try:
        cells = read(content).cells
    except NotANotebook:
        return []
    return cells[number - 1].text.split("\n") if number <= len(cells) else []


def _decoded(content: bytes) -> _Notebook:
    if not content.strip():
        raise NotANotebook("not a notebook: it is empty")
    try:
        return msgspec.json.decode(content, type=_Notebook)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        if len(content) > LARGE:  # to build all of it would fill the memory
            raise NotANotebook(f"not a notebook: {error}") from error
    try:
        return msgspec.convert(json.loads(content), type=_Notebook)
    except RecursionError:
        raise NotANotebook("nested too deeply to be read") from None
    except (ValueError, MemoryError) as error:
        raise NotANotebook(f"not a notebook: {error}") from error


def _cells(raw: list[_Cell]) -> Iterator[Cell]:
    for number, cell in enumerate(raw, 1):
        kind = cell.cell_type if isinstance(cell.cell_type, str) else ""
        text = _text(cell.source if cell.source is not None else cell.input)
        if text is None:
            raise NotANotebook(f"cell {number}: its source is neither text nor a list of lines")
        yield Cell(number, kind, clean(text), _cell_language(cell))


def _text(source: object) -> str | None:
    if isinstance(source, list):
        return "".join(source) if all(isinstance(line, str) for line in source) else None
    return source if isinstance(source, str) else "" if source is None else None


def clean(text: str) -> str:
    """Rows end with a line feed, and what no file can hold (half a surrogate pair) is replaced."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else text.encode(errors="replace").decode()


def _language(metadata: object) -> str:
    for key, inner in (("language_info", "name"), ("kernelspec", "language")):
        found = _at(metadata, key, inner)
        if found:
            return found
    kernel = _at(metadata, "kernelspec", "name")
    return kernel if kernel.startswith(_KERNELS) and "python" not in kernel else ""


def _cell_language(cell: _Cell) -> str:
    """What one cell says of itself: VS Code's `languageId`, nbformat 3's `language`."""
    own = cell.language if isinstance(cell.language, str) else ""
    found = (_at(cell.metadata, "vscode", "languageId") or own).lower()
    return "" if "python" in found or found == "raw" else found


def _at(metadata: object, key: str, inner: str) -> str:
    outer = metadata.get(key) if isinstance(metadata, dict) else None
    found = outer.get(inner) if isinstance(outer, dict) else None
    return found.lower() if isinstance(found, str) else ""


# --- the rows of any file, as editors and Python count them ---------------------------------------

_ENDS = re.compile(r"\r\n|\r|\n")


def lines_of(content: bytes, cell: int | None = None) -> list[str]:
    """Split where Python does; `str.splitlines` would also split at a form feed.

    With `cell`, the lines of that cell of a notebook.
    """
    if cell is not None:
        return lines(content, cell)
    text = decoded(content, errors="replace")
    return _ENDS.split(text) if "\r" in text else text.split("\n")


def cells_of(source: Source) -> list[int | None]:
    """The numbers of a notebook's cells of code; of another file, the one that it is."""
    if source.kind != "notebook":
        return [None]
    try:
        return [each.number for each in read(source.content).cells if each.kind == "code"]
    except NotANotebook:
        return []
