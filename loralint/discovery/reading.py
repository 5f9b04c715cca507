"""Files as bytes, with the stamp that says when the bytes may be trusted again."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from loralint.stamps import Stamp, stamp_of

LARGEST = 10 * 1024 * 1024
"""Nobody writes ten megabytes of training script; such a file is data."""


@dataclass(frozen=True, slots=True)
class Content:
    """What was read; the stamp was taken before."""

    stamp: Stamp
    text: bytes


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A file that is not read; the stamp tells whether it still is too large."""

    stamp: Stamp


def read(path: str) -> Content | TooLarge:
    """Read a regular file of a bearable size; OSError where it cannot be read."""
    with open(path, "rb", opener=_open) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(None, "not a regular file", path)
        if status.st_size > LARGEST:
            return TooLarge(stamp_of(status))
        return Content(stamp_of(status), file.read(LARGEST + 1))


def _open(path: str, flags: int) -> int:
    # Without O_NONBLOCK, a named pipe in the tree would block for ever.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
