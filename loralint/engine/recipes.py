"""Recipes: which of a project's configuration files are worth extracting by themselves."""

# Paths are strings here: pathlib would cost more than the rest of a warm run.
# ruff: noqa: PTH118, PTH202

from __future__ import annotations

import os
from collections.abc import Iterator

from loralint.catalog.recipe_signs import LARGEST_RECIPE, may_be_named_so
from loralint.engine.shelf import DATA, Shelf


def to_read(shelf: Shelf) -> Iterator[str]:
    """The files that have a framework's keys as words; what is too large is not even opened."""
    for path, kind in shelf.tree.files.items():
        if kind in DATA and may_be_named_so(path) and _is_small(shelf, path):
            entry = shelf.entry(path)
            if entry is not None and entry.matters:
                yield path
            else:
                shelf.release(path)


def _is_small(shelf: Shelf, path: str) -> bool:
    try:
        return os.path.getsize(os.path.join(shelf.tree.root, path)) <= LARGEST_RECIPE
    except OSError:  # typed in, or gone
        return True
