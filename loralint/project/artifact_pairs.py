"""Pairs by artifact: what one side saves, the other loads."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import RECORDED
from loralint.project import Pair
from loralint.project.evidence import BASES, Evidence, are_apart, nearest, served
from loralint.project.instances import Sighting
from loralint.project.saving import Saving, save_site
from loralint.source import Place


def artifact_pairs(evidence: Evidence) -> Iterator[Pair]:
    """The pairs of every load of something that the project saves."""
    for sighting in evidence.seen.all():
        site = sighting.load.site
        if site.artifact not in BASES | {"adapter"} or site.loader == RECORDED:
            continue
        matching = list(evidence.targets.matching(sighting))
        for saving, shown in matching:
            if _is_one_of_many(evidence, saving, matching):
                continue
            if saving.artifact == "adapter" or sighting.load.site.artifact == "adapter":
                yield from _of_artifact(evidence, saving, sighting, shown)


def _is_one_of_many(evidence: Evidence, saving: Saving, matching: list[tuple[Saving, str]]) -> bool:
    """Whether several recipes with different bases save to one place: which ran last?"""
    if saving.written is None:
        return False
    bases = {
        each.load.site.repo_id
        for other, _ in matching
        if other.written is not None
        for each in evidence.bases(other.flow.loads)
    }
    return len(bases) > 1


def _of_artifact(
    evidence: Evidence, saving: Saving, adapter: Sighting, shown: str
) -> Iterator[Pair]:
    reason = f"{shown}: saved in {_where(evidence, saving)}, loaded in {adapter.load.place}"
    for train in _trained(evidence, saving):
        for infer in served(evidence, adapter, train):
            if are_apart(train, infer) and train.load.site.stage != "merge":
                yield Pair(train.load, infer.load, reason, "artifact", adapter.load,
                           evidence.is_merge(adapter))  # fmt: skip


def _where(evidence: Evidence, saving: Saving) -> str:
    site = save_site(evidence.seen.evaluator, saving)
    return str(Place(site.path, site.span, site.cell))


def _trained(evidence: Evidence, saving: Saving) -> list[Sighting]:
    """The bases of what was saved, else those of the function or file that saves."""
    found = evidence.bases(saving.flow.loads)
    if found:
        return found
    if saving.written is not None:
        return nearest(evidence, (saving.site[0], saving.written.function), "train")
    chain = saving.frame.chain
    site = chain[-1] if chain else saving.site
    function = evidence.seen.evaluator.index.call(site).function
    return nearest(evidence, (site[0], function), "train")
