"""Paths → files: which files a project has, and everything that this answer rests on.

The walk reads folders and .gitignore files, nothing else; what it saw is kept with its stamps,
so that the next run can tell whether the answer still holds without walking again.
"""

# Paths are strings here: pathlib would cost more than the rest of a warm run.
# ruff: noqa: PTH112, PTH113, PTH116, PTH118, PTH119, PTH120

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from loralint.config import compiled
from loralint.diagnostics import Skipped
from loralint.discovery.ignores import Ignores, Layer, above
from loralint.discovery.kinds import companion_of, is_workflow, kind_of, may_be_script
from loralint.discovery.tree import Tree
from loralint.reading import Content, read
from loralint.source import START, Place
from loralint.stamps import VOLATILE, digest, leads_to_folder, listing_digest, stamp_of

MARKS_OF_AN_ENVIRONMENT = frozenset({"pyvenv.cfg", "conda-meta"})
"""A folder that holds one of these is a whole Python environment: nobody's project."""


def walk(root: str, scopes: Sequence[str], exclude: Sequence[str] = ()) -> Tree:
    """Find the files in some files and folders; all paths absolute and without links.

    What is named outright is taken, whatever .gitignore and `exclude` say of it.
    """
    walker = _Walker(Tree(root), tuple(exclude))
    for scope in sorted(set(scopes)):
        if os.path.isdir(scope):
            walker.walk(scope)
        else:
            walker.take(scope)
    walker.follow_links()
    walker.tree.files = dict(sorted(walker.tree.files.items()))
    return walker.tree


class _Walker:
    """One walk. Links wait until everything that is really there has been seen."""

    def __init__(self, tree: Tree, exclude: tuple[str, ...]) -> None:
        self.tree = tree
        self.exclude = compiled(exclude)
        self.links: list[tuple[str, Ignores]] = []
        self.entered: set[str] = set()
        self.named: set[str] = set()
        self._inside = f"{tree.root.rstrip(os.sep)}{os.sep}"

    def walk(self, folder: str) -> None:
        """Take everything below a folder that was named."""
        self.named.add(folder)
        self._below(folder, folder, self._around(folder))

    def take(self, path: str) -> None:
        """Take a file, where it is of a kind that is read and has a name that can be written."""
        kind = kind_of(os.path.basename(path), os.path.dirname(path))
        name = self.tree.relative(path)
        if kind == "shell" and not may_be_script(path):
            return
        if kind is not None and self._writable(name):
            self.tree.files[name] = "shell" if is_workflow(name) else kind
            if kind == "adapter":
                self._companions(os.path.dirname(path))

    def follow_links(self) -> None:
        """Follow the links that stay in the project and lead to something new."""
        while self.links:
            path, ignores = self.links.pop()
            target = os.path.realpath(path)
            if not target.startswith(self._inside):
                continue
            if os.path.isdir(target):
                self._below(path, target, ignores)
            elif os.path.isfile(target) and self.tree.relative(target) not in self.tree.files:
                self.take(path)

    def _below(self, folder: str, real: str, ignores: Ignores) -> None:
        pending = [(folder, real, ignores)]
        while pending:
            folder, real, ignores = pending.pop()
            if real not in self.entered:
                self.entered.add(real)
                pending.extend(self._enter(folder, real, ignores))

    def _enter(
        self, folder: str, real: str, ignores: Ignores
    ) -> Iterator[tuple[str, str, Ignores]]:
        """Take the files of one folder and return the folders in it."""
        entries = self._entries(folder)
        names = {entry.name for entry in entries}
        if names & MARKS_OF_AN_ENVIRONMENT and folder not in self.named:
            return
        if ".git" in names:
            self.tree.repositories.add(self.tree.relative(folder))
        if ".gitignore" in names:
            ignores = ignores.within(folder, self._input(os.path.join(folder, ".gitignore")))
        for entry in entries:
            if entry.name not in VOLATILE:
                yield from self._visit(entry, real, ignores)

    def _visit(
        self, entry: os.DirEntry[str], real: str, ignores: Ignores
    ) -> Iterator[tuple[str, str, Ignores]]:
        is_folder = entry.is_dir(follow_symlinks=False)
        is_link = entry.is_symlink()
        if not (is_folder or is_link or kind_of(entry.name, real)):
            return
        if ignores.ignore(entry.path, is_folder or leads_to_folder(entry)):
            return
        if is_link:
            self.links.append((entry.path, ignores))
        elif is_folder:
            yield entry.path, os.path.join(real, entry.name), ignores
        elif entry.is_file():
            self.take(entry.path)

    def _companions(self, folder: str) -> None:
        """Take what belongs to an adapter's configuration, although .gitignore names weights."""
        excluded = Layer(self.tree.root, self.exclude)
        for entry in self._entries(folder):
            kind = companion_of(entry.name)
            if kind is None or excluded.verdict(entry.path, is_folder=False):
                continue
            inside = os.path.realpath(entry.path).startswith(self._inside)
            if entry.is_file() and (inside or not entry.is_symlink()):
                self.tree.files[self.tree.relative(entry.path)] = kind

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            stamp = stamp_of(os.stat(folder))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self._skip(self.tree.relative(folder), f"cannot be listed: {error.strerror}")
            return []
        name = self.tree.relative(folder)
        self.tree.folders[name] = stamp, listing_digest(entries, name)
        return entries

    def _around(self, folder: str) -> Ignores:
        """What holds in a folder that was named, unless that would leave out the folder."""
        ignores = Ignores((), Layer(self.tree.root, self.exclude))
        for path in above(self.tree.root, folder):
            ignores = ignores.within(_base(path), self._input(path))
        if folder != self.tree.root and ignores.ignore(folder, is_folder=True):
            return Ignores((), Layer(folder, self.exclude))
        return ignores

    def _input(self, path: str) -> bytes:
        """The text of a .gitignore, empty where there is none; a later run looks at it again."""
        try:
            content = read(path)
        except OSError:
            self.tree.inputs[self.tree.relative(path)] = None
            return b""
        text = content.text if isinstance(content, Content) else b""
        self.tree.inputs[self.tree.relative(path)] = content.stamp, digest(text)
        return text

    def _writable(self, name: str) -> bool:
        try:
            name.encode()
        except UnicodeEncodeError:
            shown = name.encode(errors="surrogateescape").decode(errors="replace")
            self._skip(shown, "its name is not UTF-8")
            return False
        return True

    def _skip(self, path: str, reason: str) -> None:
        self.tree.skipped.append(Skipped(Place(path, START), "file", reason))


def _base(path: str) -> str:
    """The folder that a file of patterns is about."""
    folder = os.path.dirname(path)
    is_exclude = path.endswith(os.path.join(".git", "info", "exclude"))
    return os.path.dirname(os.path.dirname(folder)) if is_exclude else folder
