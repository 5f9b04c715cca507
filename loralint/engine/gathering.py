"""Files → facts → the linked project, in as many rounds as the linker has questions.

The first round extracts the files that pass the pre-filter. What the linker then wants (modules
that they import, configuration files that they read, callers of their functions) is extracted in
the next, and so on.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from loralint.cache import Entry, Manifest
from loralint.diagnostics import Skipped
from loralint.discovery import walk
from loralint.discovery.prefilter import encoded, mentions
from loralint.engine import folders, locks, recipes
from loralint.engine.outcome import Request
from loralint.engine.shelf import Shelf
from loralint.engine.workers import mapper
from loralint.facts import FileFacts
from loralint.project import Project
from loralint.project.linking import link
from loralint.project.needed_files import NeededFiles

CODE = frozenset({"python", "notebook"})
"""The kinds of files in which functions are called."""

ROUNDS = 5
"""The first, and four for what the linker wants: longer chains of imports say little."""


@dataclass(frozen=True)
class Gathered:
    """A linked project, the shelf that its files stand on, and when we began to look."""

    request: Request
    project: Project
    shelf: Shelf
    began: int

    @property
    def manifest(self) -> Manifest:
        """Everything that the project and its findings rest on."""
        tree = self.shelf.tree
        return Manifest(tree.folders, {**tree.inputs, **self.shelf.states})

    @property
    def files(self) -> int:
        """How many of the files that were asked for were read."""
        return sum(self.request.reports(path) for path in self.shelf.looked_at())

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Everything that was not read or could not be followed."""
        shelf = self.shelf
        return (*shelf.tree.skipped, *shelf.skipped, *self.project.undecided)


def gather(request: Request, known: Mapping[str, Entry]) -> Gathered:
    """Read and link a project; `known` is what earlier runs know of its files."""
    began = time.time_ns()
    config = request.config
    tree = walk(request.root, request.scopes, (*config.exclude, *config.extend_exclude))
    tree.files.update((path, source.kind) for path, source in request.typed.items())
    locks.add(tree, request.scopes)
    shelf = Shelf(tree, known, request.typed)
    facts = _Rounds(request, shelf).run()
    return Gathered(request, link(facts, tree.files, config), shelf, began)


class _Rounds:
    """The rounds of one run."""

    def __init__(self, request: Request, shelf: Shelf) -> None:
        self.request = request
        self.shelf = shelf
        self.facts: dict[str, FileFacts] = {}
        self._needed = NeededFiles(shelf.tree.files)
        self._decoder = msgspec.msgpack.Decoder(FileFacts)

    def run(self) -> dict[str, FileFacts]:
        """The facts of every file that matters, in the order of the paths."""
        files = self.shelf.tree.files
        pythons = [path for path, kind in files.items() if kind in CODE]
        pending = [path for path in pythons if (e := self.shelf.entry(path)) and e.matters]
        pending += [path for path in folders.to_read(files) if self.shelf.entry(path)]
        pending += recipes.to_read(self.shelf)
        pending += [
            path for path, kind in files.items() if kind == "lock" and self.shelf.entry(path)
        ]
        shells = (path for path, kind in files.items() if kind == "shell")
        pending += [path for path in shells if (e := self.shelf.entry(path)) and e.matters]
        for _ in range(ROUNDS):
            self._extract(pending)
            pending = self._next(pending, pythons)
            if not pending:
                break
        facts = folders.with_stamps(self.facts, self.shelf)
        return dict(sorted({**facts, **self.shelf.unreadable}.items()))

    def _next(self, extracted: list[str], pythons: list[str]) -> list[str]:
        """The files that the linker needs beside those that it has, after some were extracted."""
        files = self.shelf.tree.files
        need = self._needed.after(self.facts[path] for path in dict.fromkeys(extracted))
        found = {path for path in need.paths if path in files}
        if need.names:
            rest = (path for path in pythons if path not in self.facts)
            found.update(self._mentioning(rest, need.names))
        return sorted(path for path in found - self.facts.keys() if self.shelf.entry(path))

    def _mentioning(self, paths: Iterable[str], names: frozenset[str]) -> Iterator[str]:
        words = encoded(names)
        return (
            path
            for path in paths
            if self.shelf.entry(path) and mentions(self.shelf.text(path), words)
        )

    def _extract(self, paths: list[str]) -> None:
        entries = self.shelf.entries
        missing = [path for path in paths if entries[path].facts is None]
        files = self.shelf.tree.files
        texts = (path for path in missing if files[path] != "weights")
        size = sum(max(entries[path].stamp[2], 0) for path in texts)
        extract = mapper(size, self.request.jobs, self.request.scheduler)
        sources = (self.shelf.source(path) for path in missing)
        for path, facts in zip(missing, extract(sources), strict=True):
            entries[path].facts = facts
            self.shelf.release(path)
        for path in paths:
            serialised = entries[path].facts
            assert serialised is not None
            self.facts[path] = self._decoder.decode(serialised)
