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
`#!` asserts one finding on its line: severity, the column if it matters, and a part of the message.
`#~` asserts that a finding names the line as a related place. Several may follow one another. What
is found, or named, and not marked fails the test; so does what is found twice.

Rows beneath a marked row say more, and like the marks they are no part of the file:

    base = AutoModel.from_pretrained("a/b")  #! error "may silently not load"
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ safe fix: pass revision="v1"
    #> base = AutoModel.from_pretrained("a/b", revision="v1")

Carets underline the place, from its first character to its last; `...` behind them says that it
ends on a later row, which has carets up to that end; `|` is a place of no width. Behind them may
stand how safe the fix is and a part of what it says. The first row of carets belongs to the first
mark of its row, the second to the second. `#>` gives the row as it reads when every fix of the case
is made: several for several rows, a bare one where nothing is left. Edits that are not shown so
fail the test; advice without edits need not be shown.

`(--strict)` in a heading sets that flag, `(unselected)` runs a rule that nobody has selected.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

_HEADING = re.compile(r"#{1,6} (.*)")
_FENCE = re.compile(r"(?P<ticks>`{3,}|~{3,})(?P<language>\S*)[ ]*(?P<name>\S*)\s*$")
_MARKS = re.compile(r"[ \t]*#[!~](?: .*)?$")
_MARK = re.compile(
    r"""\#(?P<kind>[!~])(?:[ ]+|$)(?P<severity>error|warning|info)?[ ]*(?P<column>\d+)?[ ]*
    (?:"(?P<text>[^"]*)")?""",
    re.VERBOSE,
)
_UNDERLINE = re.compile(
    r"(?P<before>[ \t]*)(?P<line>\^+|\|)(?P<on>\.\.\.)?"
    r"(?:[ ](?P<safety>safe|unsafe|display)[ ]fix:[ ](?P<advice>.*))?"
)
_FIXED = re.compile(r"#>(?: (?P<text>.*))?")


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
    end: tuple[int, int] | None = None
    safety: str | None = None
    advice: str = ""


@dataclass
class Fence:
    """The body of a fence: the file's rows, what its fixes make of each, and the marks."""

    path: str
    cell: int | None
    rows: list[str] = field(default_factory=list)
    fixed: list[list[str]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    _bare: list[int] = field(default_factory=list)
    _open: int | None = None
    _shown: bool = False

    def read(self, text: str) -> Fence:
        for line in text.splitlines():
            underline, fixed = _UNDERLINE.fullmatch(line), _FIXED.fullmatch(line)
            if underline:
                self._underline(underline)
            elif fixed:
                self._fix(fixed["text"])
            else:
                self._row(line)
        if self._open is not None:
            raise ValueError(f"{self.path}: an underline has no end")
        return self

    def _row(self, line: str) -> None:
        plain = _MARKS.sub("", line)
        self.rows.append(plain)
        self.fixed.append([plain])
        self._shown = False
        marks = list(_marks(line, self.path, self.cell, len(self.rows)))
        self._bare = list(range(len(self.marks), len(self.marks) + len(marks)))
        self.marks += marks

    def _fix(self, text: str | None) -> None:
        if not self._shown:
            self.fixed[-1] = []
        self._shown = True
        self.fixed[-1] += [] if text is None else [text]

    def _underline(self, found: re.Match[str]) -> None:
        width = len(found["line"].replace("|", ""))
        column, row = len(found["before"]) + 1, len(self.rows)
        end = (row, column + width)
        if self._open is not None:
            index, self._open = self._open, None
            self.marks[index] = replace(self.marks[index], end=end)
            return
        if not self._bare:
            raise ValueError(f"{self.path}:{row}: an underline beneath no mark")
        index = self._bare.pop(0)
        self._open = index if found["on"] else None
        self.marks[index] = replace(
            self.marks[index],
            column=column,
            end=end,
            safety=found["safety"],
            advice=found["advice"] or "",
        )


@dataclass
class Case:
    """One heading with its files."""

    title: str
    row: int
    files: list[tuple[str, str]] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Write the files without their marks; fences of one notebook become its cells."""
        cells: dict[str, list[str]] = {}
        for (name, cell), plain in self.texts().items():
            if cell is not None:
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
        for fence in self._fences():
            yield from fence.marks

    def texts(self) -> dict[tuple[str, int | None], str]:
        """Each file, or cell of a notebook, without its marks."""
        return {(f.path, f.cell): "".join(f"{row}\n" for row in f.rows) for f in self._fences()}

    def fixed(self) -> dict[tuple[str, int | None], str]:
        """The same, as the page says that it reads when all fixes are made."""
        return {
            (f.path, f.cell): "".join(f"{row}\n" for rows in f.fixed for row in rows)
            for f in self._fences()
        }

    def _fences(self) -> Iterator[Fence]:
        cells: dict[str, int] = {}
        for name, text in self.files:
            cell = None
            if name.endswith(".ipynb"):
                cell = cells[name] = cells.get(name, 0) + 1
            yield Fence(name, cell).read(text)


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
