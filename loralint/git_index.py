"""Which files git tracks, from the index of its repository: git itself is not run.

The configuration of a stranger's repository may name programs that git starts (`core.fsmonitor`).
Format: https://git-scm.com/docs/index-format, versions 2 to 4.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from loralint.reading import read_whole
from loralint.stamps import digest

LARGEST = 500 * 1024 * 1024
"""The index of a repository with some millions of files."""

_FIXED = 40
"""Bytes of an entry before the hash: times, device, inode, mode, owner, size."""

_EXTENDED, _NAME = 0x4000, 0x0FFF
_LINK, _SHARED = b"link", "sharedindex."


class NoIndex(Exception):
    """Why nothing can be said of what is tracked."""


def index_of(repository: str) -> str | None:
    """The path of a repository's index; a work tree or a submodule names another folder."""
    git = os.path.join(repository, ".git")  # noqa: PTH118
    if not os.path.isdir(git):  # noqa: PTH112
        try:
            named = read_whole(git, 10_000).decode(errors="surrogateescape").partition("gitdir:")[2]
        except OSError:
            return None
        git = os.path.join(repository, named.strip())  # noqa: PTH118
    return os.path.join(git, "index")  # noqa: PTH118


def is_index(path: str) -> bool:
    """Whether a path is one that `index_of` gives; no file that is read has such a name."""
    return path.endswith(f"{os.sep}index") and f"{os.sep}.git{os.sep}" in path


def tracked(index: str) -> frozenset[str]:
    """The tracked paths, relative to the repository; raises NoIndex, or OSError where it is gone.

    Of a split index both halves count: what one of them has removed is a file more that is read.
    """
    content = read_whole(index, LARGEST)
    names = frozenset(map(os.fsdecode, _names(content)))
    shared = _shared(content)
    if shared is None:
        return names
    return names | tracked(os.path.join(os.path.dirname(index), f"{_SHARED}{shared}"))  # noqa: PTH118, PTH120


def digest_of(index: str) -> bytes:
    """A digest of what is tracked: git also writes an index when it has merely looked at files."""
    try:
        return digest_of_names(tracked(index))
    except (OSError, NoIndex):
        return b""


def digest_of_names(names: Iterable[str]) -> bytes:
    """A digest of tracked paths, whatever their order."""
    return digest("\0".join(sorted(names)).encode(errors="surrogateescape"))


def _names(content: bytes) -> Iterator[bytes]:
    version, count = _head(content)
    try:
        at, name = 12, b""
        for _ in range(count):
            at, name = (_prefixed if version == 4 else _padded)(content, at, name)
            if at > len(content):
                raise NoIndex("git's index is damaged")
            if name:  # of a split index, an entry without a name replaces a shared one
                yield name
    except (IndexError, ValueError) as error:
        raise NoIndex("git's index is damaged") from error


def _head(content: bytes) -> tuple[int, int]:
    version = int.from_bytes(content[4:8], "big")
    if content[:4] != b"DIRC" or version not in (2, 3, 4):
        raise NoIndex("git's index is of a kind that loralint does not know")
    return version, int.from_bytes(content[8:12], "big")


def _start(content: bytes, at: int) -> tuple[int, int]:
    """Where an entry's name begins, and how long it says that it is."""
    flags_at = at + _FIXED + _hash_size(content)
    flags = int.from_bytes(content[flags_at : flags_at + 2], "big")
    return flags_at + (4 if flags & _EXTENDED else 2), flags & _NAME


def _padded(content: bytes, at: int, _before: bytes) -> tuple[int, bytes]:
    """The next entry and this one's name, which NULs fill up to a multiple of eight."""
    start, length = _start(content, at)
    end = start + length if length < _NAME else content.index(b"\0", start)
    return at + (end - at + 8) // 8 * 8, content[start:end]


def _prefixed(content: bytes, at: int, before: bytes) -> tuple[int, bytes]:
    """The next entry and this one's name, of which only what differs from `before` is written."""
    start, _ = _start(content, at)
    cut = content[start] & 0x7F
    while content[start] & 0x80:
        start += 1
        cut = (cut + 1 << 7) | content[start] & 0x7F
    end = content.index(b"\0", start + 1)
    return end + 1, before[: len(before) - cut] + content[start + 1 : end]


def _hash_size(content: bytes) -> int:
    """Bytes of a hash: SHA-1, or SHA-256 where only that makes the trailing checksum right."""
    return _SIZES.setdefault(content[-32:], 20 if _is_sha1(content) else 32)


def _is_sha1(content: bytes) -> bool:
    from hashlib import sha1, sha256

    if content[-20:] == bytes(20):  # index.skipHash
        return content[-32:] != bytes(32)
    if sha1(content[:-20], usedforsecurity=False).digest() == content[-20:]:
        return True
    return sha256(content[:-32]).digest() != content[-32:]


_SIZES: dict[bytes, int] = {}
"""By the last bytes of an index, as its checksum is computed once."""


def _shared(content: bytes) -> str | None:
    """The name of the index that this one is laid over."""
    at = content.rfind(_LINK)
    if at < 0:
        return None
    size = _hash_size(content)
    name = content[at + 8 : at + 8 + size]
    return name.hex() if len(name) == size and any(name) else None
