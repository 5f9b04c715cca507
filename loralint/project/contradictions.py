"""Whether a training side and an inference side speak of different adapters.

They do where both say which adapter, and what they say cannot be one. What only an option's default
says, on both sides, contradicts nothing: both may be given one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

from loralint.facts import ABSENT, Default, Known, Value, leaves
from loralint.project.evidence import Evidence
from loralint.project.instances import Instance
from loralint.project.saves import Saving
from loralint.refs import is_repo_id
from loralint.values.commands import is_command
from loralint.values.paths import absolute, ends_of, fits, is_certain, may_agree, patterns_of
from loralint.values.values import comes_from, origins_of


def are_contradicting(evidence: Evidence, train: Instance, adapter: Instance) -> bool:
    """Whether both sides name their adapters, and they are different ones."""
    if _one_of_commands(evidence, train):
        return True
    if adapter.load.given:
        return False
    loaded = adapter.site.repo_id
    # no training side saves where a download goes
    fetched = adapter.load.download is not None or comes_from(loaded, "snapshot_download")
    said = _Said.BY_CODE if fetched else _who_says(loaded)
    if not fetched and _is_open(loaded):
        return False
    saved = evidence.adapters_saved_by.get(train.path, ())
    return (
        bool(saved)
        and all(_may_contradict(said, _who_saves(each)) for each in saved)
        and (fetched or not any(_may_be_loaded(evidence, each, adapter) for each in saved))
    )


class _Said(Enum):
    """Who says where something goes, as far as it is a place of its own."""

    BY_CODE = "by code"
    BY_DEFAULT = "by default"
    NOT = "not"


def _may_contradict(one: _Said, other: _Said) -> bool:
    """Whether two places that differ are two adapters: both sides' options may be given one."""
    return _Said.NOT not in (one, other) and _Said.BY_CODE in (one, other)


def _who_says(value: Value) -> _Said:
    """Who says where something goes: at least where the path begins.

    Of `args.out or f"runs/{name}"` the code does: the option has nothing of its own to say.
    """
    found = [leaf for leaf in leaves(value) if leaf not in (ABSENT, Known(None))]
    said = [_who_says_it(leaf) for leaf in found]
    if _Said.BY_CODE in said:
        said = [each for each, leaf in zip(said, found, strict=True) if not _is_open(leaf)]
    weakest = (each for each in (_Said.NOT, _Said.BY_DEFAULT) if each in said)
    return next(weakest, _Said.BY_CODE if said else _Said.NOT)


def _who_saves(saving: Saving) -> _Said:
    """The same of a save; the end of a path says enough: what is loaded has it in it."""
    target = saving.site.target
    return _Said.BY_CODE if len(ends_of(target)) == len(leaves(target)) else _who_says(target)


def _who_says_it(leaf: Value) -> _Said:
    if isinstance(leaf, Known):
        return _Said.BY_CODE if leaf.value else _Said.NOT
    if any(is_certain(each) for each in patterns_of(leaf)):
        return _Said.BY_CODE
    # a default on the Hub may be what somebody pushed of the folder that is saved
    is_folder = isinstance(leaf, Default) and bool(leaf.value) and not is_repo_id(str(leaf.value))
    return _Said.BY_DEFAULT if is_folder else _Said.NOT


def _is_open(value: Value) -> bool:
    """Whether somebody decides what is loaded: who, is known, and what, is not."""
    return bool(origins_of(value)) and not patterns_of(value)


def _may_be_loaded(evidence: Evidence, saving: Saving, adapter: Instance) -> bool:
    """Whether a place that is only known in part may be the other side's.

    Places that are known are no question here: those that are the same are a pair already.
    """
    places = evidence.places
    saved, loaded = places.saved(saving, patterns_of), places.loaded(adapter, patterns_of)
    ends = ends_of(saving.site.target)
    # what a default names, somebody may have kept where another checkout is
    by_default = _who_saves(saving) is _Said.BY_DEFAULT
    return (
        (bool(ends) and not places.loaded(adapter) and _may_end(loaded, ends))
        or any(
            _is_in(each, place)
            for place in places.loaded(adapter)
            for each in (*ends, *(places.saved(saving) if by_default and absolute(place) else ()))
        )
        or any(fits(each, place) for each in saved for place in places.loaded(adapter))
        or any(fits(each, place) for each in loaded for place in places.saved(saving))
        or any(may_agree(one, other) for one in saved for other in loaded)
    )


def _may_end(patterns: Sequence[str], ends: Sequence[str]) -> bool:
    """Whether a path that is known in part may end so; of one of which nothing is, it may."""
    tails = [tail for each in patterns for tail in _tails(each)]
    return not tails or any(fits(tail, end) for tail in tails for end in ends)


def _tails(pattern: str) -> Iterator[str]:
    """The ends of a path and of the folders above it."""
    parts = pattern.split("/")
    for end in range(len(parts), 0, -1):
        yield from ("/".join(parts[first:end]) for first in range(end))


def _is_in(end: str, place: str) -> bool:
    """Whether a folder of some name is a part of a path: of one in another checkout, perhaps."""
    return f"/{end}/" in f"/{place}/"


def _one_of_commands(evidence: Evidence, train: Instance) -> bool:
    """Whether several command lines train on a base: it alone does not say which is meant."""
    if not is_command(train.site):
        return False
    same = (
        each
        for each in evidence.instances.every
        if is_command(each.site)
        and each.load.stage == "train"
        and each.site.repo_id == train.site.repo_id
    )
    return len({each.key for each in same}) > 1
