"""The one door for reading: regular files only, without waiting for anybody, up to a limit.

A project is a stranger's: a pipe in the place of a file would wait for ever, `/dev/zero` would fill
the memory. `tools/doors.py` sees to it that nothing else opens a file.
"""

# Paths are strings here: pathlib would cost more than the rest of a warm run.

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

from loralint.stamps import Stamp, stamp_of

LARGEST = 10 * 1024 * 1024
"""Nobody writes ten megabytes of training script; such a file is data."""

LARGEST_NOTEBOOK = 50 * 1024 * 1024
"""A notebook holds its images; they are passed over."""

LONGEST_HEADER = 16 * 1024 * 1024
"""Twice what an adapter for every expert of the largest models needs."""

AnyPath: TypeAlias = "str | os.PathLike[str]"


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
    beginning: bytes = b""


def read(path: AnyPath) -> Content | TooLarge:
    """Read a file of a bearable size; OSError where it cannot be read."""
    limit = LARGEST_NOTEBOOK if os.fspath(path).endswith(".ipynb") else LARGEST
    with opened(path) as file:
        status = os.fstat(file.fileno())
        text = None if status.st_size > limit else _up_to(file, limit, status.st_size)
        if text is None:
            return TooLarge(stamp_of(status), f"it is larger than {_megabytes(limit)}")
        return Content(stamp_of(status), text)


def read_head(path: AnyPath, limit: int) -> Content | TooLarge:
    """Read a file up to a limit of its own: where it is larger, its beginning alone."""
    with opened(path) as file:
        status = os.fstat(file.fileno())
        text = file.read(min(limit, status.st_size) + 1)
    if len(text) > limit:
        return TooLarge(stamp_of(status), f"it is larger than {limit // 1000} kB", text[:limit])
    return Content(stamp_of(status), text)


def read_header(path: AnyPath) -> Content | TooLarge:
    """Read the header of a safetensors file: its length, and what lies within the file's size."""
    with opened(path) as file:
        status = os.fstat(file.fileno())
        length = file.read(8)
        size = int.from_bytes(length, "little")
        if size > status.st_size:
            return Content(stamp_of(status), length)
        if size > LONGEST_HEADER:
            reason = f"its header is larger than {_megabytes(LONGEST_HEADER)}"
            return TooLarge(stamp_of(status), reason)
        return Content(stamp_of(status), length + file.read(size))


def read_whole(path: AnyPath, limit: int = LARGEST) -> bytes:
    """The bytes of a file that there is no use in going on without; OSError if it is too large."""
    with opened(path) as file:
        text = _up_to(file, limit, os.fstat(file.fileno()).st_size)
    if text is None:
        raise OSError(errno.EFBIG, f"it is larger than {_megabytes(limit)}", os.fspath(path))
    return text


@contextmanager
def opened(path: AnyPath) -> Iterator[BinaryIO]:
    """A regular file to read from; OSError where it is a pipe, a device or a folder."""
    with open(path, "rb", opener=_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
        yield file


def _up_to(file: BinaryIO, limit: int, size: int) -> bytes | None:
    """What a file holds; None if that is more than `limit`, also where it grows meanwhile.

    A buffer of the file's size first: one of the limit's would be a memory map for each file.
    """
    text = file.read(min(size, limit) + 1)
    if len(text) <= size or len(text) > limit:
        return text if len(text) <= limit else None
    text += file.read(limit + 1 - len(text))
    return text if len(text) <= limit else None


def _without_waiting(path: str, flags: int) -> int:
    # Without O_NONBLOCK, a named pipe in the tree would block for ever.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _megabytes(limit: int) -> str:
    return f"{limit // 1024 // 1024} MB"
