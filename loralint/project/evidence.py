"""What pairs are made of, and which bases an adapter goes onto."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import msgspec

from loralint.config import Config
from loralint.facts import ABSENT, Known, LoadSite, Value
from loralint.project import Action
from loralint.project.adapter_folders import Folders, recorded
from loralint.project.instances import Key, Sighting, Sightings
from loralint.project.saving import Saving
from loralint.project.stages import Signals
from loralint.project.targets import Targets, side_of
from loralint.values.commands import is_command

BASES = frozenset({"base-model", "model", "engine", "pipeline", "embedding"})


@dataclass(slots=True)
class Evidence:
    """Everything that pairs are made of; nothing of it changes any more."""

    seen: Sightings
    savings: list[Saving]
    targets: Targets
    signals: Signals
    actions: tuple[Action, ...]
    config: Config
    folders: Folders
    saved_by: dict[str, list[Saving]] = field(default_factory=dict, init=False)
    bases_in: dict[str, list[Sighting]] = field(default_factory=dict, init=False)
    _merged: set[int] = field(default_factory=set, init=False)
    _merges: dict[tuple[int, tuple[str, str]], bool] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Look at everything once: there may be thousands of pairs."""
        for each in self.seen.all():
            if each.load.site.artifact in BASES:
                self.bases_in.setdefault(each.path, []).append(each)
        for saving in self.savings:
            if saving.artifact == "adapter":
                self.saved_by.setdefault(side_of(saving), []).append(saving)
        for action in self.actions:
            if action.kind == "merge":
                self._merged.update(action.inputs)

    def onto(self, adapter: Sighting) -> list[Sighting]:
        """The bases that an adapter is loaded onto."""
        return self.bases(adapter.base.loads) or only_base(self, adapter)

    def is_merge(self, adapter: Sighting) -> bool:
        """Whether the inference side merges the adapter and saves, and does nothing else."""
        if adapter.load.site.stage == "merge":
            return True
        key = (adapter.load.index, adapter.owner)
        if key not in self._merges:
            self._merges[key] = key[0] in self._merged and not self._infers(adapter.owner)
        return self._merges[key]

    def _infers(self, owner: tuple[str, str]) -> bool:
        path, function = owner
        return any(
            "infer" in kinds
            for scope, kinds in self.signals.kinds.items()
            if scope[0] == path and function in (scope[1], "")
        )

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
            if sighting.load.site.artifact in BASES:
                found[sighting.key] = sighting
            else:
                todo.extend(sighting.base.loads)
        return list(found.values())


def nearest(evidence: Evidence, owner: tuple[str, str], stage: str) -> list[Sighting]:
    """The base loads of one side in a function, or where it has none in its file, if they agree."""
    side = [
        each for each in evidence.bases_in.get(owner[0], ()) if each.load.stage in (stage, "both")
    ]
    near = [each for each in side if each.owner == owner]
    if not near and len({each.owner for each in side}) == 1:
        near = side  # of several functions nobody knows which is meant
    return near if len({each.load.site.repo_id for each in near}) == 1 else []


def only_base(evidence: Evidence, adapter: Sighting) -> list[Sighting]:
    """The one base of the function or file, where it is not seen to flow into the adapter.

    A command line says all of its base itself: that of another one in its file is none of it.
    """
    if is_command(adapter.load.site):
        return []
    near = nearest(evidence, adapter.owner, "infer")
    return near if len({each.load.index for each in near}) == 1 else []


def served(evidence: Evidence, adapter: Sighting, train: Sighting) -> list[Sighting]:
    """The bases that an adapter is loaded onto; some loaders load the recorded one themselves."""
    found = evidence.bases(adapter.base.loads)
    if found:
        return found
    if adapter.load.site.artifact in BASES or "AutoPeft" in adapter.load.site.loader:
        return [_recorded(evidence, adapter, train)]
    return only_base(evidence, adapter)


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


def is_served(sighting: Sighting) -> bool:
    """Whether an adapter is loaded for inference."""
    return sighting.load.site.artifact == "adapter" and sighting.load.stage in ("infer", "both")


def are_apart(train: Sighting, infer: Sighting) -> bool:
    """Whether two loads are different ones: putting an adapter back on what was trained is none."""
    return train.key != infer.key and train.load.place != infer.load.place
