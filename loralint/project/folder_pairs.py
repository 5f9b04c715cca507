"""Pairs by an adapter folder in the tree, which names the base."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.project import Pair
from loralint.project.contradiction import contradicted
from loralint.project.evidence import BASES, Evidence, are_apart, is_served, served
from loralint.project.instances import Sighting
from loralint.project.targets import names_of


def folder_pairs(evidence: Evidence, joined: set[int]) -> Iterator[Pair]:
    """The pairs of the loads of adapter folders that nothing firmer has joined."""
    for adapter in evidence.seen.all():
        folder = evidence.folders.loaded(adapter)
        if folder is None or id(adapter.load) in joined or not _is_loaded_to_serve(adapter):
            continue
        for train in _training_on(evidence, folder.base):
            if contradicted(evidence, train, adapter):
                continue
            reason = f"{folder.path} names {folder.base}, which {train.load.place} trains on"
            for infer in served(evidence, adapter, train):
                if are_apart(train, infer):
                    yield Pair(train.load, infer.load, reason, "adapter-folder", adapter.load,
                               evidence.is_merge(adapter))  # fmt: skip


def _is_loaded_to_serve(sighting: Sighting) -> bool:
    site = sighting.load.site
    return site.artifact in BASES or is_served(sighting)


def _training_on(evidence: Evidence, base: str | None) -> list[Sighting]:
    """The training loads of a base, if one file has them all: of two, which wrote the folder?"""
    found = [
        each
        for each in evidence.seen.all()
        if each.load.stage in ("train", "both")
        and each.load.site.artifact in BASES
        and base in names_of(each.load.site.repo_id)
    ]
    return found if len({each.path for each in found}) == 1 else []
