"""When a file or folder is surely the one that was seen before.

A stamp is taken before the content is read. A file that changes twice within the clock's grain
keeps its stamp, so a stamp younger than two seconds is not to be trusted (git calls such an
entry "racily clean"): it is stored as `NEVER` and the content decides.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from hashlib import blake2b
from typing import TypeAlias

Stamp: TypeAlias = tuple[int, int, int]
"""Times of the last change of the content and of the inode, in nanoseconds, and the size."""

NEVER: Stamp = (-1, -1, -1)
"""No file has this stamp: what bears it is compared by content."""

GRAIN = 2_000_000_000
"""The coarsest clock of a file system in use (FAT), in nanoseconds."""

VOLATILE = frozenset(
    {".git", ".loralint_cache", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
)
"""Names that tools add and remove: they say nothing about what a project holds, and are never
read, even where `exclude` does not speak of them."""


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp of a file or folder. The inode's time shows a change that kept time and size."""
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size


def trusted(stamp: Stamp, now: int) -> Stamp:
    """The stamp as it may be stored at a time in nanoseconds: `NEVER` where it is too young."""
    return stamp if max(stamp[0], stamp[1]) + GRAIN < now else NEVER


def digest(content: bytes) -> bytes:
    """What identifies a content: 16 bytes."""
    return blake2b(content, digest_size=16).digest()


def leads_to_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry, or what a link leads to, is a folder; a link to itself leads nowhere."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def listing_digest(entries: Iterable[os.DirEntry[str]], folder: str) -> bytes:
    """What identifies the entries of a folder: names and kinds, without volatile ones.

    Below the root it matters whether the folder is a repository of its own.
    """
    skipped = VOLATILE if folder == "." else VOLATILE - {".git"}
    names = sorted(
        f"{entry.name}/" if leads_to_folder(entry) else entry.name
        for entry in entries
        if entry.name not in skipped
    )
    return digest("\0".join(names).encode(errors="surrogateescape"))
