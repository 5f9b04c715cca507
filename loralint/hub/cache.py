"""The local Hub cache, read as files: no huggingface_hub, no network.

models--org--name/refs/main            the commit of a ref, when it was last asked for
models--org--name/snapshots/<commit>/  links to blobs, each named by its hash
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha1
from pathlib import Path
from typing import Literal

from loralint.discovery.model_cache import cache_folder
from loralint.hub import Answer, Ask, Failure, Found, Repo, is_commit
from loralint.reading import read_whole

_SHORT = re.compile(r"[0-9a-f]{7,39}")


class LocalCache:
    """Answers from the cache in a folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = cache_folder() if folder is None else folder

    def answers(self, asked: Sequence[Ask]) -> Iterator[tuple[Ask, Answer]]:
        """What the cache knows: the refs that were asked for on this machine."""
        for ask in asked:
            yield ask, self._answer(ask)

    def files(self, repo: Repo, commit: str) -> dict[str, str]:
        """The hashes of those files of a commit that matter and are in the cache."""
        root = self._repository(repo) / "snapshots" / commit
        found = {}
        for path in _files_below(root):
            name = path.relative_to(root).as_posix()
            digest = _hash(path) if part_of(name) is not None else None
            if digest is not None:
                found[name] = digest
        return found

    def has(self, repo: Repo, commit: str) -> bool:
        """Whether some file of a commit is in the cache."""
        return next(_files_below(self._repository(repo) / "snapshots" / commit), None) is not None

    def _repository(self, repo: Repo) -> Path:
        return self.folder / f"{repo.type}s--{repo.id.replace('/', '--')}"

    def _answer(self, ask: Ask) -> Answer:
        repository = self._repository(ask.repo)
        if not repository.is_dir():
            return Failure(f"{ask.repo} is not in the local cache ({self.folder})")
        commit = self._commit(repository, ask.ref)
        if commit is None:
            return Failure(f"the local cache does not know {ask.ref!r} of {ask.repo}")
        files = self.files(ask.repo, commit)
        since = _since(repository / "snapshots" / commit)
        return Found(commit, "cache", files, since, _changed(repository / "refs" / ask.ref))

    def _commit(self, repository: Path, ref: str) -> str | None:
        known = [each.name for each in _entries(repository / "snapshots") if is_commit(each.name)]
        if is_commit(ref):
            return ref if ref in known else None
        found = ref_commit(repository, ref)
        if found is None and _SHORT.fullmatch(ref):
            fitting = [commit for commit in known if commit.startswith(ref)]
            return fitting[0] if len(fitting) == 1 else None
        return found


def ref_commit(repository: Path, ref: str) -> str | None:
    """The commit that a ref stands at, where its file is one of the cache's."""
    if ".." in ref.split("/") or "\0" in ref:
        return None
    with suppress(OSError, UnicodeDecodeError):
        path = repository / "refs" / ref
        if path.stat().st_size <= 100:
            text = read_whole(path, 100).decode("ascii").strip()
            return text if is_commit(text) else None
    return None


def _changed(ref: Path) -> float | None:
    """When a ref was last looked up at the Hub."""
    with suppress(OSError, ValueError):
        return ref.stat().st_mtime
    return None


def _since(snapshot: Path) -> float | None:
    """A commit is at least as old as the folder that was made for it, or a file in it."""
    times = []
    for path in (snapshot, *_entries(snapshot)):
        with suppress(OSError):
            times.append(path.lstat().st_mtime)
    return min(times, default=None)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _files_below(folder: Path) -> Iterator[Path]:
    for path in _entries(folder):
        if path.is_dir() and not path.is_symlink():
            yield from _files_below(path)
        elif path.is_file():
            yield path


def _hash(path: Path) -> str | None:
    """The hash of a file by the name of its blob; what git holds is read to be sure of it."""
    try:
        name = named(os.path.basename(os.readlink(path)))  # noqa: PTH115, PTH119
        if name is None or name.startswith("sha256:"):
            return name
        if path.stat().st_size > LARGEST_SMALL:
            return None
        return name if name == f"git:{blob_id(read_whole(path, LARGEST_SMALL))}" else None
    except OSError:  # no link: a cache without links says nothing of its blobs
        return None


Part = Literal["config", "code", "tokenizer", "weights"]

_PATTERNS: tuple[tuple[Part, re.Pattern[str]], ...] = (
    ("code", re.compile(r".*\.py")),
    (
        "tokenizer",
        re.compile(
            r"(tokenizer|special_tokens|added_tokens|vocab|merges|spiece|sentencepiece|chat_template"
            r"|tekken|bpe|qwen\.tiktoken)[\w.-]*\.(json|jsonl|txt|model|bpe|jinja|tiktoken)"
            r"|.*\.(tiktoken|spm)|.*\.model",
        ),
    ),
    (
        "weights",
        re.compile(
            r".*\.(safetensors|bin|pt|pth|ckpt|gguf|ggml|h5|msgpack|onnx|ot)(\.index\.json)?"
        ),
    ),
    ("config", re.compile(r"[\w.-]*(config|processor|modules|params)[\w.-]*\.(json|yaml|yml)")),
)
_OURS = re.compile(
    r"training_args\.bin|optimizer\..*|scheduler\.(bin|pt)|rng_state.*|events\.out.*"
)

LARGEST_SMALL = 16 * 1024 * 1024
"""Bytes of a file that git may hold itself; what is larger lies in large file storage."""


def part_of(path: str) -> Part | None:
    """What a file decides of the model; None for one that decides nothing."""
    name = path.rpartition("/")[2]
    if _OURS.fullmatch(name):
        return None
    return next((part for part, pattern in _PATTERNS if pattern.fullmatch(name)), None)


def blob_id(content: bytes) -> str:
    """What git calls a file of this content."""
    # No use as a signature is made of it: it names what the Hub itself names so.
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def named(digest: str) -> str | None:
    """A hash as the lock file has it, from what the Hub and its cache call a blob."""
    if re.fullmatch(r"[0-9a-f]{40}", digest):
        return f"git:{digest}"
    return f"sha256:{digest}" if re.fullmatch(r"[0-9a-f]{64}", digest) else None


def changed(old: Mapping[str, str], new: Mapping[str, str]) -> dict[Part, list[str]]:
    """The files that matter and differ between two commits, by what they decide."""
    found: dict[Part, list[str]] = {}
    for name in sorted(old.keys() | new.keys()):
        part = part_of(name)
        if part is not None and old.get(name) != new.get(name):
            found.setdefault(part, []).append(name)
    return found
