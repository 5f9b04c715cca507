"""`loralint.revision()`: the locked commit, looked up while the code runs."""

# Paths are strings here: this runs in other people's programs, and starts fast.
# ruff: noqa: PTH100, PTH109, PTH113, PTH118, PTH120, PTH123

from __future__ import annotations

import os
from collections.abc import Iterator

from loralint.lockfile import NAME, Lock, LockError
from loralint.lockfile.reading import parse

_kept: dict[str, tuple[tuple[int, int], Lock]] = {}


def locked_commit(repo_id: str, ref: str | None, caller: str | None) -> str:
    """The commit that the nearest lock file holds; LockError names the file and what to do.

    The search goes up from the folder of the calling file, then from the working directory.
    """
    path = _nearest(caller)
    if path is None:
        raise LockError(
            f"there is no {NAME} in or above {_start(caller)}: run `loralint lock` in the project"
        )
    try:
        return _read(path).commit(repo_id, ref)
    except LockError as error:
        raise LockError(f"{path}: {error}") from None


def _start(caller: str | None) -> str:
    return os.path.dirname(os.path.abspath(caller)) if caller else os.getcwd()


def _nearest(caller: str | None) -> str | None:
    for start in dict.fromkeys((_start(caller), os.getcwd())):
        for folder in _upward(start):
            path = os.path.join(folder, NAME)
            if os.path.isfile(path):
                return path
    return None


def _upward(folder: str) -> Iterator[str]:
    while True:
        yield folder
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def _read(path: str) -> Lock:
    """The lock, parsed once for as long as the file stays the same."""
    try:
        with open(path, encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            stamp = (status.st_mtime_ns, status.st_size)
            if path not in _kept or _kept[path][0] != stamp:
                _kept[path] = stamp, parse(file.read())
    except (OSError, UnicodeDecodeError) as error:
        raise LockError(f"cannot be read: {error}") from None
    return _kept[path][1]
