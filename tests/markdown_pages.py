"""Markdown as tests: headings are tests, fences are files, comments in them are assertions.

    ## A pin on one side only

    ```python train.py
    base = AutoModel.from_pretrained("a/b", revision="v1")  #~ "trained on at `v1`"
    ```

    ```python serve.py
    base = AutoModel.from_pretrained("a/b")  #! error 8 "may silently not load"
    ```

A fence's info string is a language and a file name; fences of one `.ipynb` are its cells, and one
of a `.safetensors` or `.bin` is the JSON that `write_weights` makes such a file of.
`#!` asserts a finding on its line: severity, the column if it matters, and a part of the message.
`#~` asserts that a finding names the line as a related place. Several may follow one another. They
are cut off before the file is written. What is found and not marked fails the test.

`(--strict)` in a heading sets that flag, `(unselected)` runs a rule that nobody has selected.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_HEADING = re.compile(r"#{1,6} (.*)")
_FENCE = re.compile(r"(?P<ticks>`{3,}|~{3,})(?P<language>\S*)[ ]*(?P<name>\S*)\s*$")
_MARKS = re.compile(r"[ \t]*#[!~] .*$")
_MARK = re.compile(
    r"""\#(?P<kind>[!~])[ ]+(?P<severity>error|warning|info)?[ ]*(?P<column>\d+)?[ ]*
    (?:"(?P<text>[^"]*)")?""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Mark:
    """An assertion about one line of one file."""

    path: str
    cell: int | None
    row: int
    related: bool
    severity: str | None = None
    column: int | None = None
    text: str = ""


@dataclass
class Case:
    """One heading with its files."""

    title: str
    row: int
    files: list[tuple[str, str]] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Write the files without their marks; fences of one notebook become its cells."""
        cells: dict[str, list[str]] = {}
        for name, text in self.files:
            plain = "".join(_MARKS.sub("", line) + "\n" for line in text.splitlines())
            if name.endswith(".ipynb"):
                cells.setdefault(name, []).append(plain)
                continue
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith((".safetensors", ".bin")):
                write_weights(path, plain)
                continue
            path.write_text(plain, encoding="utf-8")
        for name, sources in cells.items():
            (folder / name).write_text(notebook(*sources), encoding="utf-8")

    def marks(self) -> Iterator[Mark]:
        """The assertions in all files."""
        cells: dict[str, int] = {}
        for name, text in self.files:
            cell = None
            if name.endswith(".ipynb"):
                cell = cells[name] = cells.get(name, 0) + 1
            for row, line in enumerate(text.splitlines(), 1):
                yield from _marks(line, name, cell, row)


def write_weights(path: Path, text: str) -> None:
    """Write a safetensors file of zeros from its header in JSON: `{"name": ["F32", [16, 64]]}`.

    `"@age"` makes the file so many seconds older, `"@bytes"` are its bytes in hexadecimal, and
    `"@cut"` cuts so many off at its end.
    """
    tensors = json.loads(text or "{}")
    age, cut = tensors.pop("@age", 0), tensors.pop("@cut", 0)
    content = bytes.fromhex(tensors.pop("@bytes", "")) or _safetensors(tensors)
    path.write_bytes(content[: len(content) - cut])
    changed = path.stat().st_mtime - age
    os.utime(path, (changed, changed))


def _safetensors(tensors: dict[str, tuple[str, list[int]]]) -> bytes:
    header, end = {}, 0
    for name, (dtype, shape) in tensors.items():
        size = math.prod(shape) * {"F32": 4, "F16": 2, "BF16": 2}[dtype]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    described = json.dumps(header).encode()
    return len(described).to_bytes(8, "little") + described + bytes(end)


def cases(text: str) -> list[Case]:
    """The headings of a page that have files, in order."""
    found = [Case("", 1)]
    lines = iter(enumerate(text.splitlines(), 1))
    for row, line in lines:
        heading, fence = _HEADING.match(line), _FENCE.match(line)
        if heading:
            found.append(Case(heading[1].strip(), row))
        elif fence:
            body = _body(lines, fence["ticks"])
            if fence["name"]:
                found[-1].files.append((fence["name"], body))
    return [case for case in found if case.files]


def _body(lines: Iterator[tuple[int, str]], ticks: str) -> str:
    body = []
    for _, line in lines:
        if line.startswith(ticks):
            break
        body.append(line)
    return "\n".join(body)


def _marks(line: str, path: str, cell: int | None, row: int) -> Iterator[Mark]:
    where = _MARKS.search(line)
    for mark in _MARK.finditer(where[0] if where else ""):
        column = int(mark["column"]) if mark["column"] else None
        related = mark["kind"] == "~"
        yield Mark(path, cell, row, related, mark["severity"], column, mark["text"] or "")


def notebook(*sources: str) -> str:
    """A notebook whose code cells have these sources."""
    cells = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [],
         "source": source.splitlines(keepends=True)}
        for source in sources
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
