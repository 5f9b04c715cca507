"""One file of named sections, each read alone and never believed unchecked.

    magic, length and digest of the index, index {name: (offset, size, digest)}, sections

A file that is cut off, garbled or somebody else's is as good as none. Writing goes to a temporary
file that takes the old one's place at once, so two runs cannot spoil each other's.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from loralint.reading import opened
from loralint.stamps import digest
from loralint.writing import writing

MAGIC = b"loralint-cache-2\n"
_LENGTH = 4
_LARGEST_INDEX = 1_000_000

_Index = dict[str, tuple[int, int, bytes]]


class Container:
    """The sections of a file; the index is read at once, a section when it is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._index: _Index = {}
        self._start = 0
        with suppress(OSError, msgspec.MsgspecError):
            self._read_index()

    @property
    def names(self) -> tuple[str, ...]:
        """The sections, oldest first."""
        return tuple(self._index)

    def section(self, name: str) -> bytes | None:
        """A section's content; None where it is missing or damaged."""
        if name not in self._index:
            return None
        offset, size, expected = self._index[name]
        try:
            with opened(self.path) as file:
                file.seek(self._start + offset)
                content = file.read(size)
        except (OSError, ValueError, OverflowError):
            return None
        return content if digest(content) == expected else None

    def write(self, sections: Mapping[str, bytes]) -> None:
        """Put these sections in place of all others; without effect where that is forbidden."""
        index: _Index = {}
        offset = 0
        for name, content in sections.items():
            index[name] = offset, len(content), digest(content)
            offset += len(content)
        head = msgspec.msgpack.encode(index)
        parts = [MAGIC, len(head).to_bytes(_LENGTH, "big"), digest(head), head, *sections.values()]
        with suppress(OSError), writing(self.path, ".tmp", durable=False) as file:
            file.writelines(parts)

    def _read_index(self) -> None:
        with opened(self.path) as file:
            if file.read(len(MAGIC)) != MAGIC:
                return
            size = int.from_bytes(file.read(_LENGTH), "big")
            expected = file.read(len(digest(b"")))
            head = file.read(size) if size <= _LARGEST_INDEX else b""
            if digest(head) == expected:
                self._index = msgspec.msgpack.decode(head, type=_Index)
                self._start = file.tell()
