"""What earlier runs found out about a project, in `.loralint_cache/v1.bin` at its root.

Two levels: whole results, each with the manifest of what it rests on, and the facts of single
files by their content. Both are bound to the version of loralint that made them. A project that
cannot be written to, a damaged file, another version: all of them only cost time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from loralint.cache.container import Container
from loralint.cache.manifest import Entry, Manifest, dump_entries, load_entries

FOLDER = ".loralint_cache"
FILE = "v1.bin"
KEPT_RESULTS = 6
"""Results of other settings and paths that are kept beside the newest one."""


class _Stored(msgspec.Struct, array_like=True, gc=False):
    manifest: Manifest
    result: msgspec.Raw


class Cache:
    """The cache of a project, seen by one version of loralint.

    The project may be anybody's: a link in the cache's place, or a cache that came with the
    repository, is left alone.
    """

    def __init__(self, root: str, version: str) -> None:
        self.root = root
        self._version = version
        self._folder = Path(root, FOLDER)
        foreign = self._folder.is_symlink() or _is_committed(self._folder)
        self._container = None if foreign else Container(self._folder / FILE)

    def recall(self, key: str) -> bytes | None:
        """The stored result of a run with these settings, if nothing has changed since."""
        section = self._section(self._result(key))
        if section is None:
            return None
        try:
            stored = msgspec.msgpack.decode(section, type=_Stored)
        except msgspec.MsgspecError:
            return None
        manifest = stored.manifest.confirmed(self.root, time.time_ns())
        if manifest is None:
            return None
        if manifest is not stored.manifest:
            self._write({self._result(key): _encoded(manifest, bytes(stored.result))})
        return bytes(stored.result)

    def facts(self) -> dict[str, Entry]:
        """What is known of single files, by path."""
        return load_entries(self._section(self._facts))

    def store(
        self, key: str, result: bytes, manifest: Manifest, entries: dict[str, Entry], now: int
    ) -> None:
        """Keep a result and the facts; `now` is when the run began to look."""
        self._write(
            {
                self._result(key): _encoded(manifest.settled(now), result),
                self._facts: dump_entries(entries, now),
            }
        )

    def store_facts(self, entries: dict[str, Entry], now: int) -> None:
        """Keep the facts alone."""
        self._write({self._facts: dump_entries(entries, now)})

    @property
    def _facts(self) -> str:
        return f"facts {self._version}"

    def _result(self, key: str) -> str:
        return f"result {self._version} {key}"

    def _section(self, name: str) -> bytes | None:
        return self._container.section(name) if self._container else None

    def _write(self, sections: Mapping[str, bytes]) -> None:
        """Write new sections over the old ones of this version; the oldest results go."""
        if self._container is None or not _prepared(self._folder):
            return
        names = self._container.names
        others = [name for name in names if self._version in name and name not in sections]
        results = [name for name in others if name != self._facts][-KEPT_RESULTS:]
        kept = {name: self._section(name) for name in others if name in (*results, self._facts)}
        whole = {name: content for name, content in kept.items() if content is not None}
        self._container.write({**whole, **sections})


def _encoded(manifest: Manifest, result: bytes) -> bytes:
    return msgspec.msgpack.encode(_Stored(manifest, msgspec.Raw(result)))


def _prepared(folder: Path) -> bool:
    """Make the folder, out of git's and of backup programs' sight; False where that fails."""
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        for name, text in _FRAME.items():
            with suppress(FileExistsError), (folder / name).open("x", encoding="utf-8") as file:
                file.write(text)
        return True
    return False


_FRAME = {
    ".gitignore": "# Made by loralint.\n*\n",
    "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder is a cache made by loralint: see https://bford.info/cachedir/\n",
}

__all__ = ["Cache", "Entry", "Manifest"]


# --- caches that a project brought along ----------------------------------------------------------

# A cache in a repository would let whoever wrote it decide what is found: it is not read. Ours
# keeps itself out by its .gitignore, so only somebody who forced it in is turned down.


def _is_committed(folder: Path) -> bool:
    """Whether git keeps anything in this folder under version control."""
    index = _index(folder)
    try:
        return index is not None and f"{folder.name}/".encode() in index.read_bytes()
    except OSError:
        return False


def _index(folder: Path) -> Path | None:
    """The index of the repository around a folder; paths stand in it as they are."""
    for parent in folder.parents:
        git = parent / ".git"
        if git.is_dir():
            return git / "index"
        if git.is_file():  # a work tree or a submodule: "gitdir: <path>"
            named = git.read_text(encoding="utf-8", errors="replace").partition("gitdir:")[2]
            return parent / named.strip() / "index"
    return None
