"""Files and tensors by their content."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from loralint.contract import FileHash, TensorHash

if TYPE_CHECKING:
    from torch import Tensor

DTYPES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
    "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8",
    "uint8": "U8", "bool": "BOOL",
}  # fmt: skip
"""torch's names of types, and safetensors'."""

_CHUNK = 1 << 22
_SMALL = 20_000_000
"""Bytes up to which a file is read though the Hub's cache has hashed it already."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHA1 = re.compile(r"[0-9a-f]{40}")


def of_file(path: Path) -> FileHash:
    """The hash of a file; a large one in the Hub's cache is not read: its name is its hash.

    There a name in `snapshots/` leads to `blobs/<hash>`: SHA-256 for a large file, git's SHA-1
    for a small one, which is read as well, so that it can be compared with a file elsewhere.
    """
    blob = path.resolve()
    status = blob.stat()
    named = blob.name if blob.parent.name == "blobs" else ""
    if _SHA256.fullmatch(named):
        return FileHash(size=status.st_size, sha256=named)
    git = named if _SHA1.fullmatch(named) else None
    if git is not None and status.st_size > _SMALL:
        return FileHash(size=status.st_size, git=git)
    sha256 = _read(str(blob), status.st_size, status.st_mtime_ns)
    return FileHash(size=status.st_size, sha256=sha256, git=git)


def same(one: FileHash, other: FileHash) -> bool | None:
    """Whether two files are the same; None where their hashes are of different kinds."""
    if one.size != other.size:
        return False
    if one.sha256 and other.sha256:
        return one.sha256 == other.sha256
    return one.git == other.git if one.git and other.git else None


@lru_cache(maxsize=4096)
def _read(path: str, size: int, changed: int) -> str:
    """The SHA-256 of a file. It is read once a process, as long as size and time stay."""
    found = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def of_bytes(content: bytes) -> str:
    """The SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def of_tensor(tensor: Tensor) -> TensorHash:
    """The hash of a tensor as safetensors would write it."""
    import torch

    plain = tensor.detach().cpu().contiguous()
    content = plain.reshape(-1).view(torch.uint8).numpy()
    return TensorHash(
        dtype=DTYPES.get(str(plain.dtype).removeprefix("torch."), str(plain.dtype)),
        shape=tuple(plain.shape),
        sha256=hashlib.sha256(content.data).hexdigest(),
    )
