"""Pairs: which training load and which inference load belong to the same adapter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import msgspec

from loralint.config import Config
from loralint.config.globs import matches
from loralint.facts import ABSENT, RECORDED, Known, LoadSite, Value
from loralint.linker.commands import is_command
from loralint.linker.folders import Folders, recorded
from loralint.linker.instances import Key, Sighting, Sightings
from loralint.linker.saving import Saving, save_site
from loralint.linker.stages import Signals
from loralint.linker.targets import Targets, names_of
from loralint.linker.values import origins_of, texts_of
from loralint.project import Action, Pair
from loralint.source import Place

_BASES = frozenset({"base-model", "model", "engine", "pipeline", "embedding"})


@dataclass(slots=True)
class Evidence:
    """Everything that pairs are made of."""

    seen: Sightings
    savings: list[Saving]
    targets: Targets
    signals: Signals
    actions: tuple[Action, ...]
    config: Config
    folders: Folders

    def onto(self, adapter: Sighting) -> list[Sighting]:
        """The bases that an adapter is loaded onto."""
        return self.bases(adapter.base.loads) or _only_base(self, adapter)

    def is_merge(self, adapter: Sighting) -> bool:
        """Whether an adapter is only loaded to be merged and saved."""
        return _merges(self, adapter)

    def bases(self, flow_keys: Iterable[Key]) -> list[Sighting]:
        """The base loads behind some loads, through adapters between."""
        found: dict[Key, Sighting] = {}
        todo, done = list(flow_keys), set()
        while todo:
            key = todo.pop(0)
            sighting = self.seen.of(key)
            if key in done or sighting is None:
                continue
            done.add(key)
            if sighting.load.site.artifact in _BASES:
                found[sighting.key] = sighting
            else:
                todo.extend(sighting.base.loads)
        return list(found.values())


def pairs(evidence: Evidence) -> tuple[Pair, ...]:
    """All pairs, the firmest evidence first; two loads are paired once for one adapter."""
    found: dict[object, Pair] = {}
    by_artifact = list(_artifact_pairs(evidence))
    joined = {id(pair.adapter) for pair in by_artifact}
    configured = _configured_pairs(evidence)
    by_folder = list(_folder_pairs(evidence, joined))
    joined |= {id(pair.adapter) for pair in by_folder}
    same_base = _base_pairs(evidence, joined)
    for pair in (*by_artifact, *configured, *by_folder, *same_base):
        found.setdefault(_identity(pair), pair)
    return tuple(found.values())


def _identity(pair: Pair) -> object:
    return (pair.train.index, pair.train.via, pair.infer.index, pair.infer.via,
            pair.adapter.place if pair.adapter else None)  # fmt: skip


# --- 1. the artifact that one side saves and the other loads ------------------------------------


def _artifact_pairs(evidence: Evidence) -> Iterator[Pair]:
    for sighting in evidence.seen.all():
        site = sighting.load.site
        if site.artifact not in _BASES | {"adapter"} or site.loader == RECORDED:
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
        for infer in _served(evidence, adapter, train):
            if infer.load.place != train.load.place or infer.key != train.key:
                yield Pair(train.load, infer.load, reason, "artifact", adapter.load,
                           _merges(evidence, adapter))  # fmt: skip


def _where(evidence: Evidence, saving: Saving) -> str:
    site = save_site(evidence.seen.machine, saving)
    return str(Place(site.path, site.span, site.cell))


def _trained(evidence: Evidence, saving: Saving) -> list[Sighting]:
    """The bases of what was saved, else those of the function or file that saves."""
    found = evidence.bases(saving.flow.loads)
    if found:
        return found
    if saving.written is not None:
        return _nearest(evidence, (saving.site[0], saving.written.function), "train")
    chain = saving.frame.chain
    site = chain[-1] if chain else saving.site
    function = evidence.seen.machine.index.call(site).function
    return _nearest(evidence, (site[0], function), "train")


def _nearest(evidence: Evidence, owner: tuple[str, str], stage: str) -> list[Sighting]:
    """The base loads of one side in a function, or where it has none in its file, if they agree."""
    side = [
        each
        for each in evidence.seen.all()
        if each.path == owner[0]
        and each.load.site.artifact in _BASES
        and each.load.stage in (stage, "both")
    ]
    near = [each for each in side if each.owner == owner] or side
    return near if len({each.load.site.repo_id for each in near}) == 1 else []


def _served(evidence: Evidence, adapter: Sighting, train: Sighting) -> list[Sighting]:
    """The bases that an adapter is loaded onto; some loaders load the recorded one themselves."""
    found = evidence.bases(adapter.base.loads)
    if found:
        return found
    if adapter.load.site.artifact in _BASES or "AutoPeft" in adapter.load.site.loader:
        return [_recorded(evidence, adapter, train)]
    return _only_base(evidence, adapter)


def _recorded(evidence: Evidence, adapter: Sighting, train: Sighting) -> Sighting:
    """The load of the base that happens inside the load of an adapter folder.

    The folder records the id that was trained on. AutoPeft takes the recorded revision, too;
    `AutoModelFor...` takes the one that it is given itself.
    """
    folder = evidence.folders.loaded(adapter)
    if folder is not None and folder.base:
        return recorded(folder, adapter)
    site = adapter.load.site
    own = site.artifact != "adapter"
    revision = site.revision if own else _recorded_revision(evidence, train)
    made = _copy(site, train.load.site.repo_id, revision)
    return Sighting(replace(adapter.load, site=made), adapter.key, adapter.base, adapter.owner)


def _copy(site: LoadSite, repo_id: Value, revision: Value) -> LoadSite:
    return msgspec.structs.replace(site, artifact="base-model", repo_id=repo_id, revision=revision)


def _recorded_revision(evidence: Evidence, train: Sighting) -> Value:
    """The revision that the training side tells PEFT; None is recorded where it tells none."""
    for action in evidence.actions:
        if action.kind in ("wrap", "lora-config") and _speaks_of(evidence, action, train):
            revision = action.options.get("revision", ABSENT)
            if revision not in (ABSENT, Known(None)):
                return revision
    return ABSENT


def _speaks_of(evidence: Evidence, action: Action, train: Sighting) -> bool:
    return train.load.index in action.inputs or action.path == train.path


def _merges(evidence: Evidence, adapter: Sighting) -> bool:
    """Whether the inference side merges the adapter and saves, and does nothing else with it."""
    if adapter.load.site.stage == "merge":
        return True
    index = adapter.load.index
    merged = any(a.kind == "merge" and index in a.inputs for a in evidence.actions)
    path, function = adapter.owner
    kinds = {
        kind
        for scope, found in evidence.signals.kinds.items()
        if scope[0] == path and function in (scope[1], "")
        for kind in found
    }
    return merged and "infer" not in kinds


# --- 2. what the settings say -------------------------------------------------------------------


def _configured_pairs(evidence: Evidence) -> Iterator[Pair]:
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
        if matches(each.path, (glob,)) and each.load.site.artifact in _BASES
    ]
    return [each for each in found if each.load.stage in (stage, "both")] or found


def _adapter_on(evidence: Evidence, base: Sighting) -> Sighting | None:
    for each in evidence.seen.all():
        if each.load.site.artifact == "adapter" and base.key in each.base.loads:
            return each
    return None


# --- 3. an adapter folder that names the base ---------------------------------------------------


def _folder_pairs(evidence: Evidence, joined: set[int]) -> Iterator[Pair]:
    for adapter in evidence.seen.all():
        folder = evidence.folders.loaded(adapter)
        if folder is None or id(adapter.load) in joined or not _is_loaded_to_serve(adapter):
            continue
        for train in _training_on(evidence, folder.base):
            if _contradicted(evidence, train, adapter):
                continue
            reason = f"{folder.path} names {folder.base}, which {train.load.place} trains on"
            for infer in _served(evidence, adapter, train):
                if infer.key != train.key:
                    yield Pair(train.load, infer.load, reason, "adapter-folder", adapter.load,
                               _merges(evidence, adapter))  # fmt: skip


def _is_loaded_to_serve(sighting: Sighting) -> bool:
    site = sighting.load.site
    return site.artifact in _BASES or _is_served(sighting)


def _training_on(evidence: Evidence, base: str | None) -> list[Sighting]:
    """The training loads of a base, if one file has them all: of two, which wrote the folder?"""
    found = [
        each
        for each in evidence.seen.all()
        if each.load.stage in ("train", "both")
        and each.load.site.artifact in _BASES
        and base in names_of(each.load.site.repo_id)
    ]
    return found if len({each.path for each in found}) == 1 else []


# --- 4. the same base on both sides -------------------------------------------------------------


def _base_pairs(evidence: Evidence, joined: set[int]) -> Iterator[Pair]:
    trained: dict[str, list[Sighting]] = {}
    for sighting in evidence.seen.all():
        site = sighting.load.site
        if sighting.load.stage in ("train", "both") and site.artifact in _BASES:
            for name in names_of(site.repo_id):
                trained.setdefault(name, []).append(sighting)
    for adapter in evidence.seen.all():
        if _is_served(adapter) and id(adapter.load) not in joined:
            yield from _same_base_pairs(evidence, adapter, trained)


def _is_served(sighting: Sighting) -> bool:
    return sighting.load.site.artifact == "adapter" and sighting.load.stage in ("infer", "both")


def _same_base_pairs(
    evidence: Evidence, adapter: Sighting, trained: dict[str, list[Sighting]]
) -> Iterator[Pair]:
    served = evidence.bases(adapter.base.loads) or _only_base(evidence, adapter)
    for infer in served:
        for name in names_of(infer.load.site.repo_id):
            for train in trained.get(name, ()):
                if infer.key != train.key and not _contradicted(evidence, train, adapter):
                    reason = f"{name}: trained in {train.load.place}, loaded in {infer.load.place}"
                    yield Pair(train.load, infer.load, reason, "base-id", adapter.load,
                               _merges(evidence, adapter))  # fmt: skip


def _only_base(evidence: Evidence, adapter: Sighting) -> list[Sighting]:
    """The one base of the function or file, where it is not seen to flow into the adapter."""
    near = _nearest(evidence, adapter.owner, "infer")
    return near if len({each.load.index for each in near}) == 1 else []


def _contradicted(evidence: Evidence, train: Sighting, adapter: Sighting) -> bool:
    """Both sides name their adapters, and they are different ones."""
    loaded = adapter.load.site.repo_id
    if _one_of_commands(evidence, train):
        return True
    if not texts_of(loaded) or origins_of(loaded):
        return False
    saved = [
        each
        for each in evidence.savings
        if each.artifact == "adapter" and _side(evidence, each) == train.path
    ]
    return bool(saved) and all(texts_of(each.target) for each in saved)


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


def _side(evidence: Evidence, saving: Saving) -> str:
    return saving.frame.chain[-1][0] if saving.frame.chain else saving.site[0]


def _same_base(one: Sighting, other: Sighting) -> bool:
    return bool(set(names_of(one.load.site.repo_id)) & set(names_of(other.load.site.repo_id)))
