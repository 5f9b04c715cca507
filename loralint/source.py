"""The files of a project and the places in them.

Rows and columns count from 1, columns in characters; an end is exclusive, as in SARIF.
Paths are POSIX paths relative to the project's root.
"""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from typing import Literal

import msgspec

SourceKind = Literal[
    "python", "notebook", "yaml", "json", "toml", "dotenv", "requirements", "shell",
    "adapter", "weights", "card", "beside", "lock",
]  # fmt: skip


class Location(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """One position: row and column, both from 1."""

    row: int
    column: int


class Span(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """A stretch of text from `start` up to, not including, `end`."""

    start: Location
    end: Location

    @staticmethod
    def of(row: int, column: int, end_row: int, end_column: int) -> Span:
        """Build a span from four numbers, all from 1."""
        return Span(Location(row, column), Location(end_row, end_column))


class Place(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """A span of one file; `cell` is the notebook cell, from 1, or None."""

    path: str
    span: Span
    cell: int | None = None

    def __str__(self) -> str:
        cell = f":cell {self.cell}" if self.cell is not None else ""
        return f"{self.path}{cell}:{self.span.start.row}"


START = Span.of(1, 1, 1, 1)
"""The first character of a file: where a finding about the whole file stands."""


class Source(msgspec.Struct, frozen=True, gc=False):
    """A file that was read: its path, what it is, and its bytes."""

    path: str
    kind: SourceKind
    content: bytes


UTF_16 = (BOM_UTF16_LE, BOM_UTF16_BE)
"""What a file in UTF-16 begins with."""


def decoded(content: bytes, errors: str = "strict") -> str:
    """The text of a file: UTF-8, or UTF-16 where a byte order mark says so."""
    return content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig", errors)
