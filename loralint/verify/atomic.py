"""Writing a file whole or not at all: whatever happens, its readers see the old one or the new."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

ABANDONED = 600
"""Seconds after which a temporary file of ours belongs to a process that was killed."""


def replace(path: Path, content: bytes) -> None:
    """Put `content` at `path`; OSError where that fails, and then nothing has changed.

    The content is on the disk before it takes the name, so a full disk, a kill and a power cut
    leave the old file or the new one, never a part of either.
    """
    _sweep(path)
    # A name that nobody can foresee, made anew: a link that lies in wait is not followed.
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _settle(path.parent)


def _settle(folder: Path) -> None:
    """The new name is on the disk too, where the system can promise that of a folder."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sweep(path: Path) -> None:
    """Remove what a process that was killed has left behind."""
    oldest = time.time() - ABANDONED
    with suppress(OSError):
        for left in path.parent.glob(f".{path.name}.*.tmp"):
            if left.lstat().st_mtime < oldest:
                left.unlink(missing_ok=True)
