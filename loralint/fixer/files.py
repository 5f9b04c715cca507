"""One file replaced by its new content, at once: whoever looks sees the old one or the new one.

The new content goes to a temporary file in the same folder and is forced to the disk; then it
takes the old one's name. A process that is killed leaves a temporary file at most, which the next
one to write beside it takes away.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_MARK = ".loralint-tmp"
_FORGOTTEN = 3600
"""Seconds after which nobody is still writing to a temporary file."""


class HasChanged(Exception):
    """The file is no longer what it was when it was read: somebody else writes to it."""


def replace(path: Path, new: bytes, *, old: bytes | None) -> None:
    """Put `new` in the place of a file that holds `old`; None says that there is no file yet.

    A link stays a link: what it leads to is replaced. The mode stays, and the owner where the
    system allows it. Raises HasChanged, or OSError where the folder cannot be written to.
    """
    target = path.resolve()
    _sweep(target.parent)
    with _temporary(target) as (name, file):
        file.write(new)
        file.flush()
        _like(target, file.fileno())
        os.fsync(file.fileno())
        if _content(target) != old:
            raise HasChanged(f"{path}: it was changed by somebody else meanwhile")
        name.replace(target)
    _settle(target.parent)


@contextmanager
def _temporary(target: Path) -> Iterator[tuple[Path, BinaryIO]]:
    # A name that nobody can foresee, made anew: a link that lies in wait is not followed.
    name = target.with_name(f".{target.name[:200]}.{os.urandom(8).hex()}{_MARK}")
    try:
        with name.open("xb") as file:
            yield name, file
    finally:
        name.unlink(missing_ok=True)


def _like(target: Path, descriptor: int) -> None:
    """Give the new file the old one's mode, and its owner where that is allowed."""
    try:
        status = target.stat()
    except FileNotFoundError:
        return
    if hasattr(os, "fchown"):
        with suppress(OSError):
            os.fchown(descriptor, status.st_uid, status.st_gid)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, stat.S_IMODE(status.st_mode))


def _content(target: Path) -> bytes | None:
    try:
        return target.read_bytes()
    except FileNotFoundError:
        return None


def _settle(folder: Path) -> None:
    """Force the folder's entry to the disk, where folders can be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Take away what a killed process has left long ago."""
    with suppress(OSError):
        for left in folder.glob(f".*{_MARK}"):
            if time.time() - left.stat().st_mtime > _FORGOTTEN:
                left.unlink(missing_ok=True)
