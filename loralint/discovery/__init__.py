"""Paths → files: which files a project has, and everything that this answer rests on.

The walk reads folders and .gitignore files, nothing else; what it saw is kept with its stamps,
so that the next run can tell whether the answer still holds without walking again.
"""

# Paths are strings here: pathlib would cost more than the rest of a warm run.
# ruff: noqa: PTH112, PTH113, PTH116, PTH118, PTH119, PTH120

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from loralint.config.globs import compiled
from loralint.diagnostics import LeftOut, LeftOutBy, Skipped
from loralint.discovery.ignores import Ignores, Layer, above, globs_of, repository_of
from loralint.discovery.kinds import companion_of, is_workflow, kind_of, may_be_script
from loralint.discovery.tree import Tree
from loralint.git_index import NoIndex, digest_of_names, index_of, tracked
from loralint.reading import Content, read
from loralint.source import START, Place
from loralint.stamps import VOLATILE, digest, leads_to_folder, listing_digest, stamp_of

MARKS_OF_AN_ENVIRONMENT = frozenset({"pyvenv.cfg", "conda-meta"})
"""A folder that holds one of these is a whole Python environment: nobody's project."""


def walk(
    root: str, scopes: Sequence[str], exclude: Sequence[str] = (), by_project: Sequence[str] = ()
) -> Tree:
    """Find the files in some files and folders; all paths absolute and without links.

    What is named outright is taken, whatever .gitignore and `exclude` say of it. What the globs
    `by_project` among those of `exclude` leave out is told: the project has said so, not loralint.
    """
    walker = _Walker(Tree(root), tuple(exclude), tuple(by_project))
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

    def __init__(self, tree: Tree, exclude: tuple[str, ...], by_project: tuple[str, ...]) -> None:
        self.tree = tree
        self.exclude = compiled(exclude)
        self.links: list[tuple[str, Ignores]] = []
        self.entered: set[str] = set()
        self.named: set[str] = set()
        self._by_project = Layer(tree.root, compiled(by_project))
        self._tracked: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
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
        if kind is not None and self._writable(name, is_code=kind in ("python", "notebook")):
            self.tree.files[name] = "shell" if is_workflow(name) else kind
            if kind == "adapter":
                self._companions(os.path.dirname(path))

    def follow_links(self) -> None:
        """Follow the links that stay in the project and lead to something new."""
        while self.links:
            path, ignores = self.links.pop()
            target = os.path.realpath(path)
            if not target.startswith(self._inside):
                self._leave_out(path, "link", os.path.isdir(target))
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
            if not self._is_tracked(folder, is_folder=True):
                self._leave_out(folder, "environment", is_folder=True)
                return
            ignores = ignores.everything(folder)
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
        if self._is_left_out(entry, ignores, is_folder or leads_to_folder(entry)):
            return
        if is_link:
            self.links.append((entry.path, ignores))
        elif is_folder:
            yield entry.path, os.path.join(real, entry.name), ignores
        elif entry.is_file():
            self.take(entry.path)

    def _is_left_out(self, entry: os.DirEntry[str], ignores: Ignores, is_folder: bool) -> bool:
        """Whether settings or a .gitignore name an entry; what git tracks is read all the same."""
        if ignores.exclude(entry.path, is_folder):
            if self._by_project.verdict(entry.path, is_folder):
                self._leave_out(entry.path, "settings", is_folder)
            return True
        if not ignores.ignore(entry.path, is_folder) or self._is_tracked(entry.path, is_folder):
            return False
        self._leave_out(entry.path, "gitignore", is_folder)
        return True

    def _leave_out(self, path: str, by: LeftOutBy, is_folder: bool) -> None:
        name = self.tree.relative(path).encode(errors="surrogateescape").decode(errors="replace")
        self.tree.left_out.append(LeftOut(f"{name}/" if is_folder else name, by))

    def _is_tracked(self, path: str, is_folder: bool) -> bool:
        """Whether git has a file, or something in a folder, whatever .gitignore says today."""
        repository = repository_of(os.path.dirname(path))
        if repository is None:
            return False
        if repository not in self._tracked:
            self._tracked[repository] = self._index(repository)
        files, folders = self._tracked[repository]
        name = os.path.relpath(path, repository).replace(os.sep, "/")
        return name in (folders if is_folder else files)

    def _index(self, repository: str) -> tuple[frozenset[str], frozenset[str]]:
        """The files that git tracks, and the folders that they are in."""
        path = index_of(repository)
        if path is None:
            return frozenset(), frozenset()
        name = self.tree.relative(path)
        try:
            stamp = stamp_of(os.stat(path))
            files = tracked(path)
        except OSError:
            self.tree.inputs[name] = None
            return frozenset(), frozenset()
        except NoIndex as error:
            self._skip(name, f"{error}: what .gitignore names is not read, tracked or not")
            return frozenset(), frozenset()
        self.tree.inputs[name] = stamp, digest_of_names(files)
        return files, frozenset(above for file in files for above in _folders_of(file))

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
        is_named = ignores.exclude(folder, is_folder=True) or ignores.ignore(folder, is_folder=True)
        if folder != self.tree.root and is_named:
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
        for line in globs_of(text).bad:
            self._skip(self.tree.relative(path), f"`{line}` matches nothing: it is no pattern")
        self.tree.inputs[self.tree.relative(path)] = content.stamp, digest(text)
        return text

    def _writable(self, name: str, *, is_code: bool) -> bool:
        try:
            name.encode()
        except UnicodeEncodeError:
            shown = name.encode(errors="surrogateescape").decode(errors="replace")
            if is_code:
                self.tree.unreadable[shown] = "its name is not UTF-8: rename it"
            else:
                self._skip(shown, "its name is not UTF-8")
            return False
        return True

    def _skip(self, path: str, reason: str) -> None:
        self.tree.skipped.append(Skipped(Place(path, START), "file", reason))


def _folders_of(file: str) -> Iterator[str]:
    while "/" in file:
        file = file.rpartition("/")[0]
        yield file


def _base(path: str) -> str:
    """The folder that a file of patterns is about."""
    folder = os.path.dirname(path)
    is_exclude = path.endswith(os.path.join(".git", "info", "exclude"))
    return os.path.dirname(os.path.dirname(folder)) if is_exclude else folder
