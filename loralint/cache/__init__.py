"""What earlier runs found out about a project, in a folder of the user's that is named by its root.

Two levels: whole results, each with the manifest of what it rests on, and the facts of single
files by their content. Both are bound to the version of loralint that made them. A folder that
cannot be written to, a damaged file, another version: all of them only cost time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from loralint.cache.container import Container
from loralint.cache.manifest import Entry, Manifest, dump_entries, load_entries
from loralint.stamps import digest
from loralint.writing import put

FILE = "v2.bin"
KEPT_RESULTS = 6
"""Results of other settings and paths that are kept beside the newest one."""


class _Stored(msgspec.Struct, array_like=True, gc=False):
    manifest: Manifest
    result: msgspec.Raw


def folder_of(root: str, chosen: str | None = None) -> Path:
    """Where the cache of a project lies: never in the project, which may be a stranger's.

    `chosen` (`--cache-dir`) comes before LORALINT_CACHE_DIR, and that before the user's own folder
    of caches. Below it every project's root has a folder of its own.
    """
    base = chosen or os.environ.get("LORALINT_CACHE_DIR")
    if not base:
        from platformdirs import user_cache_dir

        base = user_cache_dir("loralint", appauthor=False)
    name = digest(os.fsencode(root)).hex()
    return Path(base).absolute() / name


class Cache:
    """The cache of a project, seen by one version of loralint."""

    def __init__(self, root: str, version: str, folder: Path) -> None:
        self.root = root
        self._version = version
        self._folder = folder
        self._container = Container(folder / FILE)

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
        return self._container.section(name)

    def _write(self, sections: Mapping[str, bytes]) -> None:
        """Write new sections over the old ones of this version; the oldest results go."""
        if not _prepared(self._folder):
            return
        names = self._container.names
        others = [name for name in names if self._version in name and name not in sections]
        results = [name for name in others if name != self._facts][-KEPT_RESULTS:]
        kept = {name: self._section(name) for name in others if name in (*results, self._facts)}
        whole = {name: content for name, content in kept.items() if content is not None}
        self._container.write({**whole, **sections})


def _encoded(manifest: Manifest, result: bytes) -> bytes:
    return msgspec.msgpack.encode(_Stored(manifest, msgspec.Raw(result)))


_TAG = """\
Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache made by loralint: see https://bford.info/cachedir/
"""


def _prepared(folder: Path) -> bool:
    """Make the folder, out of backup programs' sight; False where that fails."""
    with suppress(OSError, ValueError):
        folder.mkdir(parents=True, exist_ok=True)
        tag = folder.parent / "CACHEDIR.TAG"
        if not tag.exists():
            put(tag, _TAG.encode())
        return True
    return False


__all__ = ["Cache", "Entry", "Manifest", "folder_of"]
