"""Files → facts → the linked project, in as many rounds as the linker has questions.

The first round extracts the files that pass the pre-filter. What the linker then wants (modules
that they import, configuration files that they read, callers of their functions) is extracted in
the next, and so on.
"""

# Paths are strings here: pathlib would cost more than the rest of a warm run.
# ruff: noqa: PTH112, PTH113, PTH116, PTH118, PTH120

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import basename, dirname

import msgspec

from loralint.cache import Entry, Manifest
from loralint.catalog.recipe_signs import may_be_named_so
from loralint.config import Config
from loralint.config.load import OWN_FILE, SHARED_FILE
from loralint.diagnostics import LeftOut, Skipped
from loralint.discovery import walk
from loralint.discovery.kinds import is_looked_at
from loralint.discovery.model_cache import bring_code
from loralint.discovery.prefilter import encoded, mentioned
from loralint.discovery.tree import Tree
from loralint.engine.request import Request
from loralint.engine.shelf import DATA, Shelf
from loralint.engine.workers import mapper, serialised
from loralint.facts import ABSENT, BesideFact, Default, FileFacts, Known, leaves
from loralint.lockfile import NAME
from loralint.project import Project
from loralint.project.borders import Surroundings
from loralint.project.calls import Linker
from loralint.project.linking import link
from loralint.project.needed_files import Mention, NeededFiles
from loralint.source import SourceKind
from loralint.stamps import stamp_of
from loralint.values.paths import is_test

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
        return Manifest(tree.folders, {**tree.inputs, **self.shelf.glimpsed, **self.shelf.states})

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What nobody looked at, because something in the project says so."""
        return tuple(
            sorted(
                (one for one in self.shelf.tree.left_out if self.request.reports(one.path)),
                key=lambda one: (one.path, one.by),
            )
        )

    @property
    def files(self) -> int:
        """How many of the files that were asked for were read."""
        return sum(self.request.reports(path) for path in self.shelf.looked_at())

    @property
    def unused_settings(self) -> tuple[str, ...]:
        """The settings files below the root: the root's hold for all that is read."""
        return tuple(path for path in self.shelf.tree.files if _holds_settings(self.shelf, path))

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Everything that was not read or could not be followed."""
        shelf = self.shelf
        return (*shelf.tree.skipped, *shelf.skipped, *self.project.undecided)


def gather(request: Request, known: Mapping[str, Entry]) -> Gathered:
    """Read and link a project; `known` is what earlier runs know of its files."""
    began = time.time_ns()
    config = request.config
    exclude = (*config.exclude, *config.extend_exclude)
    by_project = [glob for glob in exclude if glob not in Config().exclude]
    tree = walk(request.root, request.scopes, exclude, by_project)
    tree.files.update((path, source.kind) for path, source in request.typed.items())
    _add_locks(tree, request.scopes)
    shelf = Shelf(tree, known, request.typed)
    rounds = _Rounds(request, shelf)
    facts = rounds.run()
    around = Surroundings(basename(tree.root), frozenset(tree.repositories))
    linked = link(facts, tree.files, config, around, rounds.linker)
    cached = bring_code(_with_code_allowed(linked))
    return Gathered(request, replace(linked, cached_code=cached), shelf, began)


def _with_code_allowed(project: Project) -> list[str]:
    """The models for which somebody says whether their code may run."""
    loads = (*project.loads, *project.instances)
    values = (load.site.repo_id for load in loads if load.option("trust_remote_code") != ABSENT)
    texts = (
        leaf.value
        for value in values
        for leaf in leaves(value)
        if isinstance(leaf, (Known, Default))
    )
    return list(dict.fromkeys(text for text in texts if isinstance(text, str)))


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
        pending += [path for path in _of_adapters(files) if self.shelf.entry(path)]
        pending += _recipes(self.shelf)
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
        facts = _with_stamps(self.facts, self.shelf)
        return dict(sorted({**facts, **self.shelf.unreadable}.items()))

    @property
    def linker(self) -> Linker | None:
        """What the last round has concluded."""
        return self._needed.linker

    def _next(self, extracted: list[str], pythons: list[str]) -> list[str]:
        """The files that the linker needs beside those that it has, after some were extracted."""
        files = self.shelf.tree.files
        need = self._needed.after(self.facts[path] for path in dict.fromkeys(extracted))
        found = {path for path in need.paths if path in files}
        rest = [path for path in pythons if path not in self.facts] if need.callers else []
        tests = [path for path in rest if is_test(path)]
        code = [path for path in rest if not is_test(path)]
        found.update(self._calling(tests, [each for each in need.callers if each.tests]))
        found.update(self._calling(code, need.callers))
        return sorted(path for path in found - self.facts.keys() if self.shelf.entry(path))

    def _calling(self, paths: Iterable[str], callers: Sequence[Mention]) -> Iterator[str]:
        """The files that mention what is called, a common name with its module."""
        names = encoded(each.name for each in callers)
        for path in paths if names else ():
            found = mentioned(self.shelf.text(path), names) if self.shelf.entry(path) else ()
            called = [each.beside for each in callers if each.name.encode() in found]
            modules = encoded(filter(None, called))
            if "" in called or (modules and mentioned(self.shelf.text(path), modules)):
                yield path

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
            self.facts[path] = self._decoded(path)

    def _decoded(self, path: str) -> FileFacts:
        """The facts of a file; taken anew where an earlier run left what cannot be read."""
        entry = self.shelf.entries[path]
        assert entry.facts is not None
        try:
            return self._decoder.decode(entry.facts)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            entry.facts = serialised(self.shelf.source(path))
            return self._decoder.decode(entry.facts)


# --- adapter folders ------------------------------------------------------------------------------


def _of_adapters(files: Mapping[str, SourceKind]) -> Iterator[str]:
    """The files of adapter folders that say something, weights by their header."""
    folders = {dirname(path) for path, kind in files.items() if kind == "adapter"}
    for path, kind in files.items():
        is_model = basename(path) == "config.json" and dirname(path) in folders
        if kind in ("adapter", "weights", "card") or (is_model and kind == "json"):
            yield path


def _with_stamps(facts: Mapping[str, FileFacts], shelf: Shelf) -> dict[str, FileFacts]:
    """The facts of configurations with what the folder itself says; no cache keeps that."""
    beside: dict[str, list[BesideFact]] = {}
    if any(each.adapter is not None for each in facts.values()):
        for path in shelf.tree.files:
            if is_looked_at(basename(path)) and (seen := _look(path, shelf)) is not None:
                beside.setdefault(dirname(path), []).append(seen)
    return {path: _with(each, tuple(beside.get(dirname(path), ()))) for path, each in facts.items()}


def _with(facts: FileFacts, beside: tuple[BesideFact, ...]) -> FileFacts:
    if facts.adapter is None or not beside:
        return facts
    return msgspec.structs.replace(
        facts, adapter=msgspec.structs.replace(facts.adapter, beside=beside)
    )


def _look(path: str, shelf: Shelf) -> BesideFact | None:
    """The size and age of a file; the result of the run then rests on them."""
    try:
        stamp = stamp_of(os.stat(os.path.join(shelf.tree.root, path)))
    except OSError:
        return None
    shelf.states.setdefault(path, (stamp, b""))
    return BesideFact(basename(path), stamp[2], stamp[0])


# --- lock files: those above what is read hold for it too -----------------------------------------


def _add_locks(tree: Tree, scopes: Sequence[str]) -> None:
    """Take the lock files from the scopes up to the root, whatever .gitignore says of them."""
    for folder in dict.fromkeys(each for scope in scopes for each in _upward(tree.root, scope)):
        path = os.path.join(folder, NAME)
        name = tree.relative(path)
        if os.path.isfile(path):
            if _is_inside(tree.root, path):
                tree.files[name] = "lock"
        elif name not in tree.files:
            tree.inputs[name] = None  # once there is one, this run's result no longer holds
    tree.files = dict(sorted(tree.files.items()))


def _is_inside(root: str, path: str) -> bool:
    """Whether a file is the project's own: a link that leaves it is not followed."""
    return os.path.realpath(path).startswith(f"{root.rstrip(os.sep)}{os.sep}")


def _upward(root: str, scope: str) -> Iterator[str]:
    """The folders from a scope up to the root; none where it lies outside."""
    folder = scope if os.path.isdir(scope) else os.path.dirname(scope)
    inside = f"{root.rstrip(os.sep)}{os.sep}"
    while folder.startswith(inside):
        yield folder
        folder = os.path.dirname(folder)
    yield root


# --- settings: the nearest to what was asked for hold for all of it -------------------------------


def _holds_settings(shelf: Shelf, path: str) -> bool:
    """Whether a file below the root has settings."""
    name = basename(path)
    if name == path or path.startswith("../") or name not in (OWN_FILE, SHARED_FILE):
        return False
    if name == OWN_FILE:
        return True
    return shelf.entry(path) is not None and b"[tool.loralint" in shelf.text(path)


# --- recipes --------------------------------------------------------------------------------------


def _recipes(shelf: Shelf) -> Iterator[str]:
    """The files that have a framework's keys as words; of what is too large only the beginning is
    looked at.
    """
    for path, kind in shelf.tree.files.items():
        if kind in DATA and may_be_named_so(path) and shelf.is_small(path):
            entry = shelf.entry(path)
            if entry is not None and entry.matters:
                yield path
            else:
                shelf.release(path)
