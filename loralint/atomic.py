"""A file gets its new content at once: whoever looks sees the old one or the new one.

The content goes to a temporary file in the same folder and is forced to the disk; then it takes
the name. So a full disk, a kill and a power cut leave the old file or the new one, never a part.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def writing(path: Path, suffix: str) -> Iterator[BinaryIO]:
    """A file that takes the name of `path` when the block ends, and is gone where that fails.

    Its own name is that of `path` between a dot and random digits with `suffix`: nobody can
    foresee it, and it is made anew, so a link that lies in wait is not followed. Where the system
    has locks it is locked until then, so that `sweep` knows it from one whose writer was killed.
    """
    temporary = path.with_name(f".{path.name[:200]}.{os.urandom(8).hex()}{suffix}")
    try:
        with ExitStack() as until_renamed:
            with temporary.open("xb") as file:
                until_renamed.enter_context(_locked(file.fileno()))
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _settle(path.parent)


_FRESH = 10
"""Seconds in which a file that was just made gets its lock."""


def sweep(left_behind: Iterable[Path], seconds: float) -> None:
    """Remove temporary files of processes that were killed.

    They are known by the lock that nobody holds any more; where the system has no locks, by
    nobody having written to them for so many seconds.
    """
    now = time.time()
    with suppress(OSError):
        for path in left_behind:
            age = now - path.lstat().st_mtime
            if age > seconds or (age > _FRESH and _is_abandoned(path)):
                path.unlink(missing_ok=True)


def _is_abandoned(path: Path) -> bool:
    """Whether nobody holds the lock of a temporary file; False where that cannot be told."""
    if not stat.S_ISREG(path.lstat().st_mode):  # somebody else's: a link, or a pipe to wait at
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return _lock(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Hold the lock of an open file, also when it is closed before the block ends."""
    held = os.dup(descriptor) if _lock(descriptor) else None
    try:
        yield
    finally:
        if held is not None:
            os.close(held)


def _lock(descriptor: int) -> bool:
    """Take the lock of an open file; False where somebody has it, or the system has none."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def _settle(folder: Path) -> None:
    """The new name is on the disk too, where the system can promise that of a folder."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
