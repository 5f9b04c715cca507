"""What .gitignore files and `exclude` leave out.

Git's own order: the deepest .gitignore that has something to say decides, then those above it,
then .git/info/exclude.
"""

# Paths are strings here: pathlib would cost more than the rest of a warm run.
# ruff: noqa: PTH110, PTH112, PTH118, PTH120, PTH206

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass

from loralint.config.globs import Globs, compiled


@dataclass(frozen=True)
class Layer:
    """The patterns of one file, and the folder that they are relative to."""

    folder: str
    globs: Globs

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Whether an absolute path is ignored; None where these patterns say nothing."""
        relative = path[len(self.folder.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
        return self.globs.verdict(relative, is_folder=is_folder)


@dataclass(frozen=True)
class Ignores:
    """The layers that hold in a folder, deepest first, and what `exclude` says everywhere."""

    layers: tuple[Layer, ...]
    excluded: Layer

    def exclude(self, path: str, is_folder: bool) -> bool:
        """Whether the settings leave a path out."""
        return bool(self.excluded.verdict(path, is_folder))

    def ignore(self, path: str, is_folder: bool) -> bool:
        """Whether a .gitignore names a path."""
        verdicts = (layer.verdict(path, is_folder) for layer in self.layers)
        return next((verdict for verdict in verdicts if verdict is not None), False)

    def everything(self, folder: str) -> Ignores:
        """The same below a folder all of which is left out, but for what git tracks."""
        return Ignores((Layer(folder, compiled(("*",))),), self.excluded)

    def within(self, folder: str, text: bytes) -> Ignores:
        """The same with the text of another .gitignore, which lies deeper."""
        if not text.strip():
            return self
        return Ignores((Layer(folder, globs_of(text)), *self.layers), self.excluded)


def globs_of(text: bytes) -> Globs:
    """The patterns of a .gitignore; what is not UTF-8 in one matches nothing, and is no error."""
    return compiled(tuple(text.removeprefix(BOM_UTF8).decode(errors="replace").split("\n")))


def above(root: str, folder: str) -> Iterator[str]:
    """The files that say what to ignore in `folder`, from the repository's root down.

    The folder's own .gitignore is not among them. Outside a repository, only those from the
    project's root down count.
    """
    repository = repository_of(root) or root
    if os.path.isdir(os.path.join(repository, ".git")):
        yield os.path.join(repository, ".git", "info", "exclude")
    parts = os.path.relpath(folder, repository).split(os.sep)
    for depth in range(len(parts)) if parts != ["."] else ():
        yield os.path.join(repository, *parts[:depth], ".gitignore")


def repository_of(folder: str) -> str | None:
    """The nearest folder, going up, that holds a `.git`."""
    while not os.path.exists(os.path.join(folder, ".git")):
        folder, before = os.path.dirname(folder), folder
        if folder == before:
            return None
    return folder
