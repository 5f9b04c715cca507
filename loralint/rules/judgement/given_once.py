"""One revision that a key of a recipe gives to several loads is one mistake, on that key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from loralint.diagnostics import Related
from loralint.facts import RevisionKey
from loralint.project import Load
from loralint.rules.judgement import wording
from loralint.source import Place

Named = tuple[Load, tuple[str, ...]]
"""A load, and its ids."""


@dataclass(frozen=True, slots=True)
class Given:
    """A place that gives a revision, and the loads that it is given to, in order."""

    place: Place
    loads: tuple[Named, ...]

    @property
    def load(self) -> Load:
        """The first of the loads."""
        return self.loads[0][0]

    @property
    def related(self) -> tuple[Related, ...]:
        """Where the loads are named, if that is elsewhere."""
        return tuple(
            Related(f"{wording.named(load, ids)} is named here", load.place)
            for load, ids in self.loads
            if load.place != self.place
        )


def by_place(loads: Iterable[Named]) -> Iterator[Given]:
    """The loads by what gives their revision: a recipe's key, else each load itself."""
    groups: dict[object, list[Named]] = {}
    for load, ids in loads:
        shared = load.site.revision_at is not None
        key = (load.site.path, load.site.revision_at) if shared else load.index
        groups.setdefault(key, []).append((load, ids))
    for group in groups.values():
        yield Given(_place(group[0][0]), tuple(group))


def _place(load: Load) -> Place:
    at = load.site.revision_at
    return load.place if at is None else Place(load.site.path, at, load.site.cell)


def named(given: Given) -> str:
    """What the revision is given to; a tokenizer that comes with its model is not told apart."""
    first: dict[tuple[str, ...], Load] = {}
    for load, ids in given.loads:
        first.setdefault(ids, load)
    return wording.listed(wording.named(load, ids) for ids, load in first.items())


def is_one(given: Given) -> bool:
    """Whether one repository only is concerned."""
    return len({ids for _, ids in given.loads}) == 1


def omitted_once(loads: Iterable[Named]) -> Iterator[Named]:
    """The loads without the tokenizers that take their model's revision.

    A recipe or command that names its model again as the tokenizer lacks one revision, not two:
    every tool that has a revision of its own for the tokenizer takes the model's without it.
    """
    every = list(loads)
    models = {_key(*each) for each in every if each[0].site.artifact != "tokenizer"}
    for load, ids in every:
        shared = load.site.artifact == "tokenizer" and load.site.revision_key not in _OWN
        if not (shared and _key(load, ids) in models):
            yield load, ids


def _key(load: Load, ids: tuple[str, ...]) -> object:
    site = load.site
    return (site.path, site.cell, site.function, ids)


_OWN: Sequence[RevisionKey] = (RevisionKey(""), RevisionKey())
"""What takes the revision of one load only: a keyword of its call, or nothing."""
