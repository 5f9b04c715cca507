"""Where the files of a base model lie, which of them decide what it is, and what they hash to."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from loralint.contract import FileHash, TensorHash
from loralint.hub.cache import ref_commit
from loralint.refs import is_commit

if TYPE_CHECKING:
    from torch import Tensor


# --- hashing --------------------------------------------------------------------------------------


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


# --- base files -----------------------------------------------------------------------------------


CONFIG = "config.json"
WEIGHTS = (
    "model.safetensors.index.json", "model.safetensors",
    "pytorch_model.bin.index.json", "pytorch_model.bin",
)  # fmt: skip
"""What holds a model's weights, in the order in which transformers looks."""

_REPOSITORY = re.compile(r"[\w.-]+(/[\w.-]+)?")


@dataclass(frozen=True, slots=True)
class Located:
    """A base on this machine: its folder (None where it is not here, and `reason` says why).

    `id` is the repository's, where a folder of the Hub's cache was named in its place.
    """

    kind: Literal["hub", "folder", "unknown"]
    folder: Path | None = None
    commit: str | None = None
    reason: str = ""
    id: str | None = None


def locate(base: str, revision: str | None) -> Located:
    """Find a base: a folder as it stands, a Hub id in the Hub's cache. Nothing is fetched."""
    if Path(base).is_dir():
        return _folder(Path(base))
    cached = cached_repository(base)
    if cached is None:
        return Located("unknown", reason=f"{base} is no folder and not in the Hub's cache")
    commit = _commit(cached, revision or "main")
    if commit is None:
        at = revision or "its default branch"
        return Located("hub", reason=f"{base} is not in the Hub's cache at {at}")
    snapshot = cached / "snapshots" / commit
    if not snapshot.is_dir():
        return Located("hub", None, commit, f"the Hub's cache has no files of {base} at {commit}")
    return Located("hub", snapshot, commit)


def _folder(path: Path) -> Located:
    """A folder; one inside the Hub's cache (`snapshot_download`) is a repository at a commit."""
    real = path.resolve()
    if real.parent.name == "snapshots" and is_commit(real.name):
        kind, _, name = real.parent.parent.name.partition("--")
        if kind == "models" and name:
            return Located("hub", path, real.name, id=name.replace("--", "/"))
    return Located("folder", path)


def cached_repository(base: str) -> Path | None:
    """The folder of the Hub's cache that holds a repository, if one does."""
    from huggingface_hub import constants

    if not _REPOSITORY.fullmatch(base):
        return None
    folder = Path(constants.HF_HUB_CACHE) / f"models--{base.replace('/', '--')}"
    return folder if folder.is_dir() else None


def snapshots(base: str) -> dict[str, Path]:
    """The commits of a repository that the Hub's cache holds, and where."""
    cached = cached_repository(base)
    if cached is None or not (cached / "snapshots").is_dir():
        return {}
    found = sorted((cached / "snapshots").iterdir())
    return {one.name: one for one in found if is_commit(one.name)}


def _commit(cached: Path, revision: str) -> str | None:
    """The commit that a name stands for, as the cache remembers it."""
    return revision if is_commit(revision) else ref_commit(cached, revision)


def weight_files(folder: Path) -> list[Path]:
    """The files that transformers loads a model's weights from: one file, or index and shards.

    A shard that is not there is listed all the same.
    """
    for name in WEIGHTS:
        path = folder / name
        if path.is_file():
            return [path, *_shards(path)] if name.endswith(".index.json") else [path]
    return []


def _shards(index: Path) -> list[Path]:
    try:
        placed = json.loads(index.read_bytes())["weight_map"]
        names = sorted({str(name) for name in placed.values()})
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return []
    return [index.parent / name for name in names if Path(name).name == name]


def decisive(folder: Path) -> list[Path]:
    """The files that decide which model a folder holds: configuration, weights, code."""
    found = [folder / CONFIG, *weight_files(folder), *code_files(folder)]
    return [one for one in found if one.is_file()]


def first_difference(one: Path, other: Path) -> str | None:
    """The first file by which two folders hold two models; None where they hold the same one."""
    ours, theirs = hashes(decisive(one)), hashes(decisive(other))
    for name in (*ours, *(name for name in theirs if name not in ours)):
        here, there = ours.get(name), theirs.get(name)
        if here is None or there is None or not same(here, there):
            return name
    return None


def class_name(folder: Path) -> str:
    """The class that a base was saved from, by its config.json; "" where that does not say."""
    try:
        named = json.loads((folder / CONFIG).read_bytes())["architectures"][0]
    except (OSError, ValueError, LookupError, TypeError):
        return ""
    return named if isinstance(named, str) else ""


def is_whole(folder: Path) -> bool:
    """Whether configuration and all weights of a model are in a folder."""
    files = weight_files(folder)
    return bool(files) and all(one.is_file() for one in (folder / CONFIG, *files))


def hashes(files: list[Path]) -> dict[str, FileHash]:
    """The hashes of the files that are there, by name."""
    return {path.name: of_file(path) for path in files if path.is_file()}


def code_files(folder: Path) -> list[Path]:
    """The Python files of a repository: what `trust_remote_code` may run."""
    return sorted(path for path in folder.glob("*.py") if path.is_file())
