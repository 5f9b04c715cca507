"""What pairs are made of, and which bases an adapter goes onto."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import msgspec

from loralint.catalog import is_component
from loralint.config import Config
from loralint.facts import (
    ABSENT,
    RECORDED,
    Attribute,
    FileFacts,
    Known,
    Origin,
    OriginKind,
    RevisionKey,
    Site,
    Value,
)
from loralint.facts.origins import joined
from loralint.project.adapter_folders import Folders
from loralint.project.borders import Borders
from loralint.project.flow import Key, Scope
from loralint.project.folders import Adapter
from loralint.project.instances import Instance, Instances
from loralint.project.loads import Action, Load, Use
from loralint.project.saved_places import SavedPlaces
from loralint.project.saves import Saving
from loralint.project.stages import Signals
from loralint.project.wrapping import WRAPPING, Wrapping
from loralint.refs import snapshot_of
from loralint.values.commands import is_command
from loralint.values.paths import normal
from loralint.values.values import origins_of, texts_of

BASES = frozenset({"base-model", "model", "engine", "pipeline", "embedding"})


@dataclass(frozen=True)
class Evidence:
    """Everything that pairs are made of; what many pairs ask for is looked up once."""

    config: Config
    files: Mapping[str, FileFacts]
    instances: Instances
    actions: tuple[Action, ...]
    savings: tuple[Saving, ...]
    places: SavedPlaces
    borders: Borders
    wrapping: Wrapping
    signals: Signals
    folders: Folders

    @cached_property
    def bases_in(self) -> Mapping[str, tuple[Instance, ...]]:
        """The loads of bases by the file on whose side they stand."""
        found: defaultdict[str, list[Instance]] = defaultdict(list)
        for each in self.instances.every:
            if each.artifact in BASES:
                found[each.path].append(each)
        return {path: tuple(each) for path, each in found.items()}

    @cached_property
    def adapters_saved_by(self) -> Mapping[str, tuple[Saving, ...]]:
        """The saves of adapters by the file on whose side they stand."""
        found: defaultdict[str, list[Saving]] = defaultdict(list)
        for saving in self.savings:
            if saving.site.artifact == "adapter":
                found[saving.owner.file].append(saving)
        return {path: tuple(each) for path, each in found.items()}

    @cached_property
    def _saved_of(self) -> Mapping[str, frozenset[Site]]:
        """The loads behind the adapters that a file is seen to save."""
        every = self.adapters_saved_by.items()
        bases = {path: self.bases(key for saving in savings for key in saving.flow.loads)
                 for path, savings in every}  # fmt: skip
        return {path: frozenset(each.key.site for each in found) for path, found in bases.items()}

    def may_be_saved(self, base: Instance) -> bool:
        """Whether what is saved may be trained on a base: its file shows no other behind it."""
        shown = self._saved_of.get(base.path)
        return not shown or base.key.site in shown

    @cached_property
    def _merged(self) -> frozenset[int]:
        """The loads, by index, that are merged."""
        return frozenset(i for each in self.actions if each.kind == "merge" for i in each.inputs)

    @cached_property
    def _inferring(self) -> frozenset[Scope]:
        """The functions that generate; a module does what any of its functions does."""
        found = [scope for scope, kinds in self.signals.kinds.items() if "infer" in kinds]
        return frozenset((*found, *(Scope(path, "") for path, _ in found)))

    def has_training_mode(self, path: str) -> bool:
        """Whether a file switches a model to training (`model.train()`), as loops by hand do."""
        facts = self.files.get(path)
        callees = (call.callee for call in facts.calls) if facts is not None else ()
        return any(isinstance(each, Attribute) and each.name == "train" for each in callees)

    def is_merge(self, adapter: Instance) -> bool:
        """Whether the inference side merges the adapter and saves, and does nothing else."""
        if adapter.site.stage == "merge":
            return True
        return adapter.load.index in self._merged and adapter.owner not in self._inferring

    # --- bases ----------------------------------------------------------------------------------

    def bases(self, keys: Iterable[Key]) -> list[Instance]:
        """The base loads behind some loads, through adapters between."""
        found: dict[Key, Instance] = {}
        todo, done = list(keys), set()
        while todo:
            key = todo.pop(0)
            instance = self.instances.of(key)
            if key in done or instance is None:
                continue
            done.add(key)
            if instance.artifact in BASES:
                found[instance.key] = instance
            else:
                todo.extend(instance.base.loads)
        return list(found.values())

    def onto(self, adapter: Instance) -> list[Instance]:
        """The bases that an adapter is loaded onto."""
        return self.bases(adapter.base.loads) or self._only_base(adapter)

    def served(self, adapter: Instance, train: Instance) -> list[Instance]:
        """The same for what `train` trains: some loaders load the recorded base themselves."""
        found = self.bases(adapter.base.loads)
        if not found and (adapter.artifact in BASES or "AutoPeft" in adapter.site.loader):
            return [self._recorded(adapter, train)]
        return [self._named(each, adapter, train) for each in found or self._only_base(adapter)]

    def nearest(self, owner: Scope, stage: str) -> list[Instance]:
        """The base loads of one side in a function, else in its file, if they agree."""
        bases = self.bases_in.get(owner.file, ())
        side = [each for each in bases if each.load.stage in (stage, "both")]
        if stage == "train":
            side = [each for each in side if self.wrapping.may_carry(each)]
        side = [each for each in side if not is_component(each.site.loader)] or side
        near = [each for each in side if each.owner == owner]
        if not near and len({each.owner for each in side}) == 1:
            near = side  # of several functions nobody knows which is meant
        return near if len({each.site.repo_id for each in near}) == 1 else []

    def _only_base(self, adapter: Instance) -> list[Instance]:
        """The one base of the function or file, where it is not seen to flow into the adapter.

        A command line says all of its base itself: that of another one in its file is none of it.
        """
        if is_command(adapter.site):
            return []
        near = self.nearest(adapter.owner, "infer")
        return near if len({each.load.index for each in near}) == 1 else []

    def _recorded(self, adapter: Instance, train: Instance) -> Instance:
        """The load of the base inside that of an adapter folder, which records what was trained."""
        folder = self.folders.loaded(adapter)
        if folder is not None and folder.base:
            return _inside(adapter, Known(folder.base), _revision(folder))
        return _inside(adapter, train.site.repo_id, self._told_revision(train))

    def _named(self, base: Instance, adapter: Instance, train: Instance) -> Instance:
        """A base with its id: one that the adapter's own configuration names is what was trained.

        `AutoModel.from_pretrained(PeftConfig.from_pretrained(folder).base_model_name_or_path)` is
        how PEFT's documentation does it, at the revision that the code gives.
        """
        owner = recorded_by(base.site.repo_id)
        if owner is None or not _is_owner(owner, adapter.site.repo_id):
            return base
        folder = self.folders.loaded(adapter)
        known = Known(folder.base) if folder is not None and folder.base else train.site.repo_id
        site = msgspec.structs.replace(base.site, repo_id=known)
        if any(each.last == "revision" for each in origins_of(site.revision)):
            told = _revision(folder) if folder is not None else self._told_revision(train)
            site = msgspec.structs.replace(site, revision=told, revision_key=RevisionKey(""))
        return replace(base, load=replace(base.load, site=site))

    def _told_revision(self, train: Instance) -> Value:
        """The revision that the training side tells PEFT; None is recorded where it tells none."""
        for action in self.actions:
            speaks = train.load.index in action.inputs or action.path == train.path
            if action.kind in WRAPPING and speaks:
                revision = action.options.get("revision", ABSENT)
                if revision not in (ABSENT, Known(None)):
                    return revision
        return ABSENT

    # --- adapter folders ------------------------------------------------------------------------

    def adapters(self) -> tuple[Adapter, ...]:
        """The adapter folders with the bases that the code loads them onto."""
        uses: defaultdict[str, list[Use]] = defaultdict(list)
        for each in self.instances.every:
            adapter = self.folders.loaded(each)
            if adapter is not None:
                uses[adapter.path].extend(self._uses(adapter, each))
        folders = self.folders.adapters.values()
        return tuple(replace(each, uses=tuple(uses.get(each.path, ()))) for each in folders)

    def _uses(self, adapter: Adapter, instance: Instance) -> Iterator[Use]:
        """The bases that code loads with an adapter folder: models do, tokenizers do not."""
        if instance.artifact in BASES or "AutoPeft" in instance.site.loader:
            bases = [_inside(instance, Known(adapter.base), _revision(adapter))]
        elif instance.artifact == "adapter":
            bases = self.onto(instance)
        else:
            bases = []
        for base in bases:
            yield Use(as_fetched(base.load), instance.load, self.is_merge(instance))


def as_fetched(load: Load) -> Load:
    """A load for comparing what it loads: out of the folder of a download, the repository."""
    return replace(load, local=False) if load.download is not None else load


def _revision(adapter: Adapter) -> Value:
    return Known(adapter.revision) if adapter.revision else ABSENT


def _inside(instance: Instance, repo_id: Value, recorded: Value) -> Instance:
    """The load of the base that happens inside the load of an adapter folder.

    AutoPeft loads it at the recorded revision, `AutoModelFor...` at the one that it is given.
    """
    site = instance.site
    revision = recorded if site.artifact == "adapter" else site.revision
    made = msgspec.structs.replace(site, artifact="base-model", repo_id=repo_id, revision=revision)
    return replace(instance, load=replace(instance.load, site=made, local=False))


def names_of(value: Value) -> tuple[str | Origin, ...]:
    """What makes two bases the same: the Hub id, or who decides it."""
    snapshots = ((snapshot_of(text), text) for text in texts_of(value))
    names = (found[0] if found is not None else text for found, text in snapshots)
    return tuple(dict.fromkeys((*names, *origins_of(value))))


# --- ids that an adapter records ----------------------------------------------------------------

_CONFIG = re.compile(r"/*adapter_config\.json$")


def recorded_by(value: Value) -> str | Origin | None:
    """The adapter whose configuration names a base: its id or folder, or who decides which.

    `PeftConfig.from_pretrained(adapter).base_model_name_or_path`, or read as the file that it is.
    None where a value is no such id.
    """
    origin = next((each for each in origins_of(value) if each.last == RECORDED), None)
    if origin is None:
        return None
    if origin.kind is OriginKind.RECORDED:
        return origin.parts[0]
    if origin.kind is OriginKind.FILE:
        return _CONFIG.sub("", origin.file)
    outer = msgspec.structs.replace(origin, name=origin.name[:-1])
    if outer.kind is not OriginKind.JOINED or outer.name:
        return outer
    *first, last = outer.parts
    folder = _CONFIG.sub("", last) if isinstance(last, str) else last
    return joined((*first, folder))


def _is_owner(owner: str | Origin, adapter: Value) -> bool:
    """Whether what records a base may be the adapter that is loaded onto it: no other is known."""
    texts = [normal(text) for text in texts_of(adapter)]
    if isinstance(owner, str):
        return not texts or normal(owner) in texts
    known = origins_of(adapter)
    return not known or not owner.name or owner in known or owner.kind in _DECIDED_ELSEWHERE


_DECIDED_ELSEWHERE = (OriginKind.RESULT, OriginKind.JOINED, OriginKind.OPTION)
"""Origins that two spellings of one adapter may have: a download's folder, an option's default."""
