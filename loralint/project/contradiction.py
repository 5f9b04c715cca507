"""Whether a training side and an adapter speak of different adapters."""

from __future__ import annotations

from loralint.facts import Value
from loralint.project.evidence import Evidence
from loralint.project.instances import Sighting
from loralint.project.saving import Saving
from loralint.values.commands import is_command
from loralint.values.paths import fits, is_certain, may_agree, patterns_of
from loralint.values.values import comes_from, origins_of, texts_of


def contradicted(evidence: Evidence, train: Sighting, adapter: Sighting) -> bool:
    """Both sides name their adapters, and they are different ones."""
    if _one_of_commands(evidence, train):
        return True
    loaded = adapter.load.site.repo_id
    fetched = comes_from(loaded, "snapshot_download")  # no training side saves there
    if adapter.load.given or (not fetched and (not _is_named(loaded) or _is_open(loaded))):
        return False
    saved = evidence.saved_by.get(train.path, ())
    return (
        bool(saved)
        and all(_is_named(each.target) for each in saved)
        and (fetched or not any(_may_be_loaded(evidence, each, adapter) for each in saved))
    )


def _is_named(value: Value) -> bool:
    """Whether it is known where something goes: at least where the path begins, by no default."""
    return any(texts_of(value)) or any(is_certain(each) for each in patterns_of(value))


def _is_open(value: Value) -> bool:
    """Whether somebody decides what is loaded: who, is known, and what, is not."""
    return bool(origins_of(value)) and not patterns_of(value)


def _may_be_loaded(evidence: Evidence, saving: Saving, adapter: Sighting) -> bool:
    """Whether a place that is only known in part may be the other side's.

    Places that are known are no question here: those that are the same are a pair already.
    """
    targets = evidence.targets
    saved, loaded = targets.saved(saving, patterns_of), targets.loaded(adapter, patterns_of)
    return (
        any(fits(each, place) for each in saved for place in targets.loaded(adapter))
        or any(fits(each, place) for each in loaded for place in targets.saved(saving))
        or any(may_agree(one, other) for one in saved for other in loaded)
    )


def _one_of_commands(evidence: Evidence, train: Sighting) -> bool:
    """Whether several command lines train on a base: it alone does not say which is meant."""
    site = train.load.site
    if not is_command(site):
        return False
    same = {
        each.key
        for each in evidence.seen.all()
        if is_command(each.load.site)
        and each.load.stage == "train"
        and each.load.site.repo_id == site.repo_id
    }
    return len(same) > 1
