"""The files of a run: each looked at once, read if it may have changed, and remembered."""

# Paths are strings here: pathlib would cost more than the rest of a warm run.
# ruff: noqa: PTH116, PTH118

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from loralint.cache import Entry
from loralint.cache.manifest import State
from loralint.catalog.recipe_signs import LARGEST_RECIPE, may_be_recipe
from loralint.diagnostics import Skipped
from loralint.discovery.prefilter import matters, notebook_matters, shell_matters
from loralint.discovery.tree import Tree
from loralint.facts import FileError, FileFacts
from loralint.reading import Content, TooLarge, read, read_head, read_header
from loralint.source import START, Place, Source
from loralint.stamps import NEVER, digest, stamp_of

ROOM = 24 * 1024 * 1024
"""How many bytes of text are kept, so that later rounds need not read them again."""

DATA = frozenset({"yaml", "json", "toml"})
"""Kinds of which most files are nobody's recipe."""

SIFTED = DATA | {"shell"}
"""Kinds that count as read only where they matter."""


class Shelf:
    """What is known of each file, from an earlier run or by reading it."""

    def __init__(self, tree: Tree, known: Mapping[str, Entry], typed: Mapping[str, Source]) -> None:
        self.tree = tree
        self.entries: dict[str, Entry] = {}
        self.states: dict[str, State | None] = {}
        self.glimpsed: dict[str, State | None] = {}
        self.unreadable: dict[str, FileFacts] = {}
        self.skipped: list[Skipped] = []
        self._known = known
        self._typed = typed
        self._texts: dict[str, bytes] = {}
        self._room = ROOM
        for path, reason in tree.unreadable.items():
            self._refuse(path, reason)

    def entry(self, path: str) -> Entry | None:
        """What is known of a file; None where it cannot be read."""
        if path not in self.states:
            entry = self._unchanged(path) or self._look(path)
            if entry is not None:
                self.entries[path] = entry
                # What a header's digest says of gigabytes is nothing: the stamp has to do.
                is_head = self.tree.files[path] == "weights"
                self.states[path] = entry.stamp, b"" if is_head else entry.digest
        return self.entries.get(path)

    def source(self, path: str) -> Source:
        """A file that has an entry, to be extracted."""
        return Source(path, self.tree.files[path], self.text(path))

    def text(self, path: str) -> bytes:
        """The content of a file that has an entry; it goes with the entry's digest."""
        text = self._texts.get(path)
        if text is None:
            content = self._read(path)
            text = content.text if content else b""
            if digest(text) != self.entries[path].digest:  # written to while we look at it
                self.entries[path] = Entry(NEVER, digest(text), matters=True)
        return text

    def release(self, path: str) -> None:
        """Forget a text that is needed no more."""
        self._room += len(self._texts.pop(path, b""))

    def looked_at(self) -> Iterator[str]:
        """The files that count as read: data that was only sifted does not."""
        for path, entry in self.entries.items():
            is_sifted = self.tree.files[path] in SIFTED
            if not is_sifted or entry.matters or entry.facts is not None:
                yield path

    def remembered(self) -> dict[str, Entry]:
        """The entries for the next run: those of this one, and those that it did not look for."""
        elsewhere = {path: entry for path, entry in self._known.items() if not self._walked(path)}
        return elsewhere | self.entries

    def _walked(self, path: str) -> bool:
        parts = path.split("/")[:-1]
        folders = ("/".join(parts[:depth]) or "." for depth in range(len(parts) + 1))
        return any(folder in self.tree.folders for folder in folders)

    def _unchanged(self, path: str) -> Entry | None:
        known = self._known.get(path)
        if known is None or path in self._typed:
            return None
        try:
            stamp = stamp_of(os.stat(os.path.join(self.tree.root, path)))
        except OSError:
            return None
        return known if stamp == known.stamp else None

    def _look(self, path: str) -> Entry | None:
        self.states[path] = None
        content = self._read(path)
        if content is None:
            return None
        stamp, text = content.stamp, content.text
        identity = digest(text)
        self._keep(path, text)
        known = self._known.get(path)
        if known is not None and known.digest == identity:
            return Entry(stamp, identity, known.matters, known.facts, known.flagged)
        return Entry(stamp, identity, self._matters(path, text))

    def _matters(self, path: str, text: bytes) -> bool:
        kind = self.tree.files[path]
        if kind == "python":
            return matters(text)
        if kind == "notebook":
            return notebook_matters(text)
        if kind == "shell":
            return shell_matters(path, text)
        return kind not in DATA or may_be_recipe(path, text)

    def _read(self, path: str) -> Content | None:
        """The content; where there is none to be had, why is noted down."""
        if path in self._typed:
            return Content(NEVER, self._typed[path].content)
        try:
            reader = read_header if self.tree.files[path] == "weights" else read
            content = reader(os.path.join(self.tree.root, path))
        except OSError as error:
            self._refuse(path, f"it cannot be read: {error.strerror or error}")
            return None
        if isinstance(content, TooLarge):
            if self.tree.files[path] in DATA:
                self.skipped.append(Skipped(Place(path, START), "file", content.reason))
            else:
                self._refuse(path, content.reason)
            self.states[path] = content.stamp, b""
            return None
        return content

    def is_small(self, path: str) -> bool:
        """Whether a file may be a recipe by its size; one that has only outgrown that is told."""
        if path in self._typed:
            return True
        try:
            head = read_head(os.path.join(self.tree.root, path), LARGEST_RECIPE)
        except OSError:  # its reader says so
            return True
        if isinstance(head, Content):
            return True
        self.glimpsed[path] = head.stamp, b""
        if may_be_recipe(path, head.beginning):
            self._refuse(path, f"{head.reason}, and begins as a recipe does")
        return False

    def _refuse(self, path: str, reason: str) -> None:
        self.unreadable[path] = FileFacts(path=path, error=FileError(reason, START))

    def _keep(self, path: str, text: bytes) -> None:
        if len(text) <= self._room:
            self._texts[path] = text
            self._room -= len(text)
