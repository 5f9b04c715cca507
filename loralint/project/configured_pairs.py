"""Pairs that the settings name."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.config.globs import matches
from loralint.project import Pair
from loralint.project.evidence import BASES, Evidence
from loralint.project.instances import Sighting
from loralint.project.targets import names_of


def configured_pairs(evidence: Evidence) -> Iterator[Pair]:
    """The pairs of `[[tool.loralint.pair]]`."""
    for setting in evidence.config.pairs:
        trained = _bases_in(evidence, setting.train, "train")
        served = _bases_in(evidence, setting.infer, "infer")
        reason = f"configured: {setting.train} trains, {setting.infer} loads"
        for train in trained:
            same = [each for each in served if _same_base(train, each)]
            for infer in same or served:
                adapter = _adapter_on(evidence, infer)
                yield Pair(train.load, infer.load, reason, "configured",
                           adapter.load if adapter else None)  # fmt: skip


def _bases_in(evidence: Evidence, glob: str, stage: str) -> list[Sighting]:
    """The base loads of a file; those of its side, if it has some."""
    found = [
        each
        for each in evidence.seen.all()
        if matches(each.path, (glob,)) and each.load.site.artifact in BASES
    ]
    return [each for each in found if each.load.stage in (stage, "both")] or found


def _adapter_on(evidence: Evidence, base: Sighting) -> Sighting | None:
    for each in evidence.seen.all():
        if each.load.site.artifact == "adapter" and base.key in each.base.loads:
            return each
    return None


def _same_base(one: Sighting, other: Sighting) -> bool:
    return bool(set(names_of(one.load.site.repo_id)) & set(names_of(other.load.site.repo_id)))
