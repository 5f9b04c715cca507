"""One file of a project replaced by its new content, at once (`loralint/atomic.py`).

A process that is killed leaves a temporary file at most, which the next one to write beside it
takes away.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from loralint import atomic

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
    atomic.sweep(target.parent.glob(f".*{_MARK}"), _FORGOTTEN)
    with atomic.writing(target, _MARK) as file:
        file.write(new)
        file.flush()
        _like(target, file.fileno())
        os.fsync(file.fileno())
        if _content(target) != old:
            raise HasChanged(f"{path}: it was changed by somebody else meanwhile")


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
