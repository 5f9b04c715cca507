"""Lock files: those above what is read hold for it too."""

# Paths are strings here: pathlib would cost more than the rest of a warm run.
# ruff: noqa: PTH112, PTH113, PTH118, PTH120

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from loralint.discovery.tree import Tree
from loralint.lockfile import NAME


def add(tree: Tree, scopes: Sequence[str]) -> None:
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
