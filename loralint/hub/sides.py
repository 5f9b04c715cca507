"""Pins that would part the two sides of a pair: today they agree, and only one can be pinned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loralint.facts import Known
from loralint.project import Load, Pair, Project
from loralint.rules.judgement.agreement import compare
from loralint.rules.judgement.sides import pairs_of
from loralint.rules.judgement.values import same


def lonely(project: Project, commits: Mapping[int, str]) -> dict[int, str]:
    """The loads (of those that are to get a commit) that must not, with the reasons.

    A pin that is taken back may leave that of another pair alone, so this goes on until all fit.
    """
    found: dict[int, str] = {}
    pairs = [pair for pair in pairs_of(project) if _is_of_one_model(pair)]
    while True:
        kept = {index: commit for index, commit in commits.items() if index not in found}
        fresh = {index: reason for pair in pairs for index, reason in _parted(pair, kept)}
        if not fresh:
            return found
        found |= fresh


def _is_of_one_model(pair: Pair) -> bool:
    train, infer = pair.train, pair.infer
    return train.index != infer.index and same(train.site.repo_id, infer.site.repo_id)


def _parted(pair: Pair, commits: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    """The side of a pair that would get a commit that the other side does not have."""
    train, infer = pair.train, pair.infer
    if compare(train.site.revision, infer.site.revision) != "same":
        return
    for one, other in ((train, infer), (infer, train)):
        commit = commits.get(one.index)
        if commit is not None and other.index not in commits and not _is_at(other, commit):
            yield one.index, f"{other.place}, the other side of its pair, cannot be pinned"


def _is_at(load: Load, commit: str) -> bool:
    return load.site.revision == Known(commit)
