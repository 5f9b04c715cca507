"""A file gets its new content at once: whoever looks sees the old one or the new one.

The content goes to a temporary file in the same folder and is forced to the disk; then it takes
the name. So a full disk, a kill and a power cut leave the old file or the new one, never a part.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def writing(path: Path, suffix: str) -> Iterator[BinaryIO]:
    """A file that takes the name of `path` when the block ends, and is gone where that fails.

    Its own name is that of `path` between a dot and random digits with `suffix`: nobody can
    foresee it, and it is made anew, so a link that lies in wait is not followed.
    """
    temporary = path.with_name(f".{path.name[:200]}.{os.urandom(8).hex()}{suffix}")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _settle(path.parent)


def sweep(left_behind: Iterable[Path], seconds: float) -> None:
    """Remove temporary files that nobody has written to for so long: their process was killed."""
    oldest = time.time() - seconds
    with suppress(OSError):
        for path in left_behind:
            if path.lstat().st_mtime < oldest:
                path.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """The new name is on the disk too, where the system can promise that of a folder."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
