"""Adapter folders: which of their files are read, and how old and large the others are."""

# Paths are strings here: pathlib would cost more than the rest of a warm run.
# ruff: noqa: PTH116, PTH118

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from posixpath import basename, dirname

import msgspec

from loralint.discovery.kinds import is_looked_at
from loralint.engine.shelf import Shelf
from loralint.facts import BesideFact, FileFacts
from loralint.source import SourceKind
from loralint.stamps import stamp_of


def to_read(files: Mapping[str, SourceKind]) -> Iterator[str]:
    """The files of adapter folders that say something, weights by their header."""
    folders = {dirname(path) for path, kind in files.items() if kind == "adapter"}
    for path, kind in files.items():
        is_model = basename(path) == "config.json" and dirname(path) in folders
        if kind in ("adapter", "weights", "card") or (is_model and kind == "json"):
            yield path


def with_stamps(facts: Mapping[str, FileFacts], shelf: Shelf) -> dict[str, FileFacts]:
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
