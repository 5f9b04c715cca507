"""A model's weights on disk, read a piece at a time: memory is bounded by what is asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from loralint.read.safetensors_header import LENGTH
from loralint.verify.folder import DTYPE_NAMES, read_header
from loralint.verify.result import UnusableInputError

if TYPE_CHECKING:
    from torch import Tensor

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
_METADATA = "__metadata__"

FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
"""The types of safetensors that no quantisation has packed."""

ADVICE = 128 << 10
"""How much of a file the system is told of at a time: of more it reads the beginning only."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a tensor lies: its file, safetensors' dtype, shape, and its bytes in the file."""

    path: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    size: int

    @property
    def row(self) -> int:
        """The bytes of one row: of everything below the first dimension."""
        return self.size // self.shape[0] if self.shape and self.shape[0] else self.size


class Checkpoint:
    """The tensors of a folder's safetensors files, one file or several."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: dict[str, Entry] = {}
        for path in _files(folder):
            self.entries.update(_entries(path))
        self._open: dict[Path, BinaryIO] = {}
        self._buffers: dict[int, bytearray] = {}

    @classmethod
    def of_file(cls, path: Path) -> Checkpoint:
        """The tensors of one file."""
        made = cls.__new__(cls)
        made.folder, made.entries = path.parent, dict(_entries(path))
        made._open, made._buffers = {}, {}
        return made

    def tensor(self, name: str) -> Tensor:
        """A tensor, in memory of its own."""
        entry = self.entries[name]
        return self._read(entry, entry.start, entry.size, None).reshape(entry.shape).clone()

    def rows(self, name: str, first: int, last: int, slot: int = 0) -> Tensor:
        """Some rows of a tensor; valid until the next call that uses the same slot of memory."""
        entry = self.entries[name]
        start = entry.start + first * entry.row
        shape = (last - first, *entry.shape[1:])
        return self._read(entry, start, (last - first) * entry.row, shape, slot)

    def expect(self, name: str) -> None:
        """Have the system read a tensor from the disk while we compute: it is asked for soon."""
        entry = self.entries[name]
        file = self._file(entry.path)
        if hasattr(os, "posix_fadvise"):
            for start in range(entry.start, entry.start + entry.size, ADVICE):
                os.posix_fadvise(file.fileno(), start, ADVICE, os.POSIX_FADV_WILLNEED)

    def raw(self, name: str, first: int, last: int) -> memoryview:
        """Some of a tensor's bytes; valid until the next call."""
        entry = self.entries[name]
        return self._bytes(entry.path, entry.start + first, last - first)

    def close(self) -> None:
        """Close the files."""
        for file in self._open.values():
            file.close()
        self._open.clear()

    def _read(
        self, entry: Entry, start: int, size: int, shape: tuple[int, ...] | None, slot: int = 0
    ) -> Tensor:
        import torch

        dtype = getattr(torch, DTYPE_NAMES[entry.dtype])
        if size == 0:
            return torch.empty(shape or (0,), dtype=dtype)
        found = torch.frombuffer(self._bytes(entry.path, start, size, slot), dtype=dtype)
        return found if shape is None else found.reshape(shape)

    def _bytes(self, path: Path, start: int, size: int, slot: int = 0) -> memoryview:
        """Read into a buffer that grows as needed: fresh memory would cost more than reading."""
        if len(self._buffers.get(slot, b"")) < size:
            self._buffers[slot] = bytearray(size)
        view = memoryview(self._buffers[slot])[:size]
        file = self._file(path)
        file.seek(start)
        done = 0
        while done < size:
            got = file.readinto(view[done:])  # type: ignore[attr-defined]
            if not got:
                raise UnusableInputError(f"{path}: the file has become shorter while it was read")
            done += got
        return view

    def _file(self, path: Path) -> BinaryIO:
        if path not in self._open:
            file = self._open[path] = path.open("rb", buffering=0)
            if hasattr(os, "posix_fadvise"):  # the system reads ahead while we compute
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        return self._open[path]


def _files(folder: Path) -> Iterator[Path]:
    if (folder / SINGLE).is_file():
        yield folder / SINGLE
        return
    index = folder / INDEX
    if not index.is_file():
        raise UnusableInputError(f"{folder}: has neither {SINGLE} nor {INDEX}: no model to compare")
    try:
        names = sorted(set(json.loads(index.read_bytes())["weight_map"].values()))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UnusableInputError(f"{index}: is no index of a checkpoint: {error!r}") from error
    for name in names:
        path = folder / Path(str(name)).name
        if not path.is_file():
            raise UnusableInputError(f"{path}: is missing, and {index.name} names it")
        yield path


def _entries(path: Path) -> Iterator[tuple[str, Entry]]:
    read_header(path)  # refuses what is damaged or lies
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH), "little")
        header = json.loads(file.read(length))
    begin = LENGTH + length
    for name, one in header.items():
        if name != _METADATA:
            first, last = one["data_offsets"]
            shape = tuple(one["shape"])
            yield name, Entry(path, one["dtype"], shape, begin + first, last - first)


class Names:
    """Names of a checkpoint, found with and without a prefix (`model.`, `bert.`)."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._by_tail: dict[str, list[str]] = {}
        for name in self._names:
            self._by_tail.setdefault(_tail(name), []).append(name)

    def find(self, wanted: str) -> str | None:
        """The name, or the one name that ends like it or that it ends like."""
        if wanted in self._names:
            return wanted
        alike = [one for one in self._by_tail.get(_tail(wanted), ())
                 if one.endswith(f".{wanted}") or wanted.endswith(f".{one}")]  # fmt: skip
        return alike[0] if len(alike) == 1 else None


def _tail(name: str) -> str:
    return ".".join(name.split(".")[-2:])
