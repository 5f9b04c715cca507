"""Pairs by the base alone: both sides load it, and nothing says that the adapters differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from posixpath import dirname

from loralint.facts import Origin, SiteKind
from loralint.project import Pair, is_test
from loralint.project.contradiction import contradicted
from loralint.project.evidence import BASES, Evidence, are_apart, is_served, only_base
from loralint.project.instances import Sighting
from loralint.project.targets import names_of

_WRAPPING = frozenset({"wrap", "lora-config"})


def base_pairs(evidence: Evidence, joined: set[int]) -> Iterator[Pair]:
    """The pairs of the adapters that nothing firmer has joined."""
    trained: dict[str | Origin, list[Sighting]] = {}
    for sighting in evidence.seen.all():
        site = sighting.load.site
        trains = sighting.load.stage in ("train", "both") and site.artifact in BASES
        if trains and _trains_adapter(evidence, sighting):
            for name in names_of(site.repo_id):
                trained.setdefault(name, []).append(sighting)
    for adapter in evidence.seen.all():
        if is_served(adapter) and id(adapter.load) not in joined:
            yield from _same_base_pairs(evidence, adapter, trained)


def _same_base_pairs(
    evidence: Evidence, adapter: Sighting, trained: dict[str | Origin, list[Sighting]]
) -> Iterator[Pair]:
    served = evidence.bases(adapter.base.loads) or only_base(evidence, adapter)
    for infer in served:
        for name in names_of(infer.load.site.repo_id):
            for train in _beside(trained.get(name, ()), adapter):
                if _are_tests(evidence, train, adapter):
                    continue
                if are_apart(train, infer) and not contradicted(evidence, train, adapter):
                    base = name.written or "one base" if isinstance(name, Origin) else name
                    reason = f"{base}: trained in {train.load.place}, loaded in {infer.load.place}"
                    yield Pair(train.load, infer.load, reason, "base-id", adapter.load,
                               evidence.is_merge(adapter))  # fmt: skip


def _beside(trained: Sequence[Sighting], adapter: Sighting) -> Sequence[Sighting]:
    """Of all that train on a base, those in the folder of the script that serves, if any do."""
    folder = dirname(adapter.path)
    return [each for each in trained if dirname(each.path) == folder] or trained


def _are_tests(evidence: Evidence, train: Sighting, adapter: Sighting) -> bool:
    """Whether one side is a test: tests share a small model, and train nothing for one another."""
    if train.path == adapter.path and train.owner == adapter.owner:
        return False
    files = evidence.seen.evaluator.index.files
    return any(is_test(each.path, files.get(each.path)) for each in (train, adapter))


def _trains_adapter(evidence: Evidence, train: Sighting) -> bool:
    """Whether PEFT is seen on the training side: an adapter class of one's own is none of its."""
    if train.key[0].kind is not SiteKind.CALL:
        # a recipe or a command line says itself what it trains
        return True
    wraps = any(
        action.kind in _WRAPPING
        and (action.path == train.path or train.load.index in action.inputs)
        for action in evidence.actions
    )
    return wraps or train.path in evidence.saved_by
