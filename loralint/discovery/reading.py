"""Files as bytes, with the stamp that says when the bytes may be trusted again."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field

from loralint.diagnostics import Skipped
from loralint.source import SourceKind
from loralint.stamps import Stamp, stamp_of

LARGEST = 10 * 1024 * 1024
"""Nobody writes ten megabytes of training script; such a file is data."""

LARGEST_NOTEBOOK = 50 * 1024 * 1024
"""A notebook holds its images; they are passed over."""

LONGEST_HEADER = 16 * 1024 * 1024
"""Twice what an adapter for every expert of the largest models needs."""


@dataclass(frozen=True, slots=True)
class Content:
    """What was read; the stamp was taken before."""

    stamp: Stamp
    text: bytes


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A file that is not read; the stamp tells whether it still is too large."""

    stamp: Stamp
    reason: str


def read(path: str) -> Content | TooLarge:
    """Read a regular file of a bearable size; OSError where it cannot be read."""
    with open(path, "rb", opener=_open) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(None, "not a regular file", path)
        limit = LARGEST_NOTEBOOK if path.endswith(".ipynb") else LARGEST
        if status.st_size > limit:
            return TooLarge(stamp_of(status), f"it is larger than {limit // 1024 // 1024} MB")
        return Content(stamp_of(status), file.read(limit + 1))


def read_header(path: str) -> Content | TooLarge:
    """Read the header of a safetensors file: its length, and what lies within the file's size."""
    with open(path, "rb", opener=_open) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(None, "not a regular file", path)
        length = file.read(8)
        size = int.from_bytes(length, "little")
        if size > status.st_size:
            return Content(stamp_of(status), length)
        if size > LONGEST_HEADER:
            reason = f"its header is larger than {LONGEST_HEADER // 1024 // 1024} MB"
            return TooLarge(stamp_of(status), reason)
        return Content(stamp_of(status), length + file.read(size))


def _open(path: str, flags: int) -> int:
    # Without O_NONBLOCK, a named pipe in the tree would block for ever.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


@dataclass
class Tree:
    """The files found, by path relative to the root, and what would change them.

    `folders` and `inputs` (.gitignore files) hold stamp and digest; an input is None where there
    is no such file. `repositories` are the folders that hold a `.git`.
    """

    root: str
    files: dict[str, SourceKind] = field(default_factory=dict)
    folders: dict[str, tuple[Stamp, bytes]] = field(default_factory=dict)
    inputs: dict[str, tuple[Stamp, bytes] | None] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    repositories: set[str] = field(default_factory=set)

    def relative(self, path: str) -> str:
        """An absolute path as the project names it."""
        inside = f"{self.root.rstrip(os.sep)}{os.sep}"
        relative = path[len(inside) :] if path.startswith(inside) else self._outside(path)
        return relative.replace(os.sep, "/")

    def _outside(self, path: str) -> str:
        return os.path.relpath(path, self.root)
