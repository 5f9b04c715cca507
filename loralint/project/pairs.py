"""Pairs: which training load and which inference load belong to the same adapter."""

from __future__ import annotations

from loralint.project import Pair
from loralint.project.artifact_pairs import artifact_pairs
from loralint.project.base_pairs import base_pairs
from loralint.project.configured_pairs import configured_pairs
from loralint.project.evidence import Evidence
from loralint.project.folder_pairs import folder_pairs


def pairs(evidence: Evidence) -> tuple[Pair, ...]:
    """All pairs, the firmest evidence first; two loads are paired once for one adapter."""
    found: dict[object, Pair] = {}
    by_artifact = list(artifact_pairs(evidence))
    joined = {id(pair.adapter) for pair in by_artifact}
    configured = configured_pairs(evidence)
    by_folder = list(folder_pairs(evidence, joined))
    joined |= {id(pair.adapter) for pair in by_folder}
    same_base = base_pairs(evidence, joined)
    for pair in (*by_artifact, *configured, *by_folder, *same_base):
        found.setdefault(_identity(pair), pair)
    return tuple(found.values())


def _identity(pair: Pair) -> object:
    return (pair.train.index, pair.train.via, pair.infer.index, pair.infer.via,
            pair.adapter.place if pair.adapter else None)  # fmt: skip
