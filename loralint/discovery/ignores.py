"""What .gitignore files and `exclude` leave out.

Git's own order: the deepest .gitignore that has something to say decides, then those above it,
then .git/info/exclude.
"""

# Paths are strings here: pathlib would cost more than the rest of a warm run.
# ruff: noqa: PTH110, PTH112, PTH118, PTH120, PTH206

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loralint.config import compiled

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


@dataclass(frozen=True)
class Layer:
    """The patterns of one file, and the folder that they are relative to."""

    folder: str
    spec: GitIgnoreSpec

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Whether an absolute path is ignored; None where these patterns say nothing."""
        relative = path[len(self.folder.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
        return self.spec.check_file(f"{relative}/" if is_folder else relative).include


@dataclass(frozen=True)
class Ignores:
    """The layers that hold in a folder, deepest first, and what `exclude` says everywhere."""

    layers: tuple[Layer, ...]
    excluded: Layer

    def ignore(self, path: str, is_folder: bool) -> bool:
        """Whether a path is left out."""
        if self.excluded.verdict(path, is_folder):
            return True
        verdicts = (layer.verdict(path, is_folder) for layer in self.layers)
        return next((verdict for verdict in verdicts if verdict is not None), False)

    def within(self, folder: str, text: bytes) -> Ignores:
        """The same with the text of another .gitignore, which lies deeper."""
        if not text.strip():
            return self
        # A byte that is not UTF-8 makes a pattern that matches nothing, and no error.
        spec = compiled(tuple(text.decode(errors="replace").splitlines()))
        return Ignores((Layer(folder, spec), *self.layers), self.excluded)


def above(root: str, folder: str) -> Iterator[str]:
    """The files that say what to ignore in `folder`, from the repository's root down.

    The folder's own .gitignore is not among them. Outside a repository, only those from the
    project's root down count.
    """
    repository = _repository(root) or root
    if os.path.isdir(os.path.join(repository, ".git")):
        yield os.path.join(repository, ".git", "info", "exclude")
    parts = os.path.relpath(folder, repository).split(os.sep)
    for depth in range(len(parts)) if parts != ["."] else ():
        yield os.path.join(repository, *parts[:depth], ".gitignore")


def _repository(folder: str) -> str | None:
    while not os.path.exists(os.path.join(folder, ".git")):
        folder, before = os.path.dirname(folder), folder
        if folder == before:
            return None
    return folder
