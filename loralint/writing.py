"""The one door for writing: a file gets its new content at once, and only where that is meant.

Whoever looks sees the old content or the new one: it goes to a temporary file in the same folder
and is forced to the disk; then it takes the name. So a full disk, a kill and a power cut leave the
old file or the new one, never a part.

A project is a stranger's: a link in it may lead to anybody's file, and its settings may name one.
`tools/doors.py` sees to it that nothing else writes.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from loralint.reading import read_whole

_MARK = ".loralint-tmp"
_FORGOTTEN = 3600
"""Seconds after which nobody is still writing to a temporary file."""

_STREAMS = ("/dev/", "/proc/")
"""`--output-file /dev/stdout`: no file of a project, whatever it leads to."""


class Refused(Exception):
    """A file that is not written; the message names it and says what to do."""


class HasChanged(Refused):
    """The file is no longer what it was when it was read: somebody else writes to it."""


def replace(
    path: Path, new: bytes, *, old: bytes | None, root: Path | None = None, durable: bool = True
) -> None:
    """Put `new` in the place of a file that holds `old`; None says that there is no file yet.

    A link stays a link, where it leads to a file below `root` (by default below the project that
    the path itself lies in): what it leads to is replaced. The mode stays, and the owner where the
    system allows it. Raises Refused, or OSError where the folder cannot be written to.
    """
    target = _within(path, root)
    sweep(target.parent.glob(f".*{_MARK}"), _FORGOTTEN)
    with writing(target, _MARK, durable=durable) as file:
        file.write(new)
        file.flush()
        _like(target, file.fileno())
        if durable:
            os.fsync(file.fileno())
        if _content(target) != old:
            raise HasChanged(f"{path}: it was changed by somebody else meanwhile: run again")


def put(
    path: Path,
    new: bytes,
    *,
    root: Path | None = None,
    is_ours: Callable[[bytes], bool] = lambda old: True,
) -> None:
    """Write a file that is made anew each time; `is_ours` tells one of its kind from another.

    What is no file at all (`/dev/stdout`, a named pipe) is written to as it is, where nothing
    says below which `root` it has to lie.
    """
    if root is None and _is_stream(path):
        with path.open("wb") as file:
            file.write(new)
        return
    target = _within(path, root)
    old = _content(target)
    if old and not is_ours(old):
        raise Refused(f"{path}: there is another file of this name: it is not overwritten")
    replace(path, new, old=old, root=root)


def _is_stream(path: Path) -> bool:
    if str(path).startswith(_STREAMS):
        return True
    with suppress(OSError):
        return not stat.S_ISREG(path.stat().st_mode)
    return False


_MARKS_OF_A_PROJECT = (".git", "pyproject.toml", "loralint.toml")


def _within(path: Path, root: Path | None) -> Path:
    """What a path really leads to; refused where that lies outside."""
    target = path.resolve()
    border = (root or _project_around(path)).resolve()
    if border not in target.parents:
        told = "a link that leads" if target != _as_typed(path) else "a path"
        raise Refused(f"{path}: it is {told} out of the project, to {target}: it is not written")
    return target


def _as_typed(path: Path) -> Path:
    """An absolute path with its links in it: `resolve` would follow them."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _project_around(path: Path) -> Path:
    """The folder below which a path that somebody typed may lead: its repository, or its folder."""
    folder = _as_typed(path).parent
    above = (folder, *folder.parents)
    marked = (each for each in above if any((each / name).exists() for name in _MARKS_OF_A_PROJECT))
    here = Path.cwd()
    return next(marked, here if here in above else folder)


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
        return read_whole(target, _LARGEST)
    except FileNotFoundError:
        return None


_LARGEST = 2**30
"""Of a file that is replaced: a report of an earlier run may be large."""


# --- a temporary file that takes a name -----------------------------------------------------------


@contextmanager
def writing(path: Path, suffix: str, *, durable: bool = True) -> Iterator[BinaryIO]:
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
                if durable:
                    os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if durable:
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
