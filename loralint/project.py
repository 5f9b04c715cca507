"""The linked project: every load with its values, what flows into what, and the pairs.

Rules see this and nothing else. All of it is frozen, plain and free of syntax.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from loralint.config import Config
from loralint.diagnostics import Skipped
from loralint.facts import (
    ABSENT,
    RECORDED,
    BesideFact,
    Choice,
    FileFacts,
    LoadSite,
    LockFacts,
    SaveSite,
    TensorFact,
    Value,
)
from loralint.literals import Written
from loralint.lockfile import Artifact, above
from loralint.source import START, Place, Span

Stage = Literal["train", "infer", "both", "neither"]


@dataclass(frozen=True, slots=True)
class Load:
    """A load site in its project, or one instance of it seen from one call of its function.

    `inputs` are indices in `Project.loads` of the loads that flow into this one: the base of a
    `PeftModel.from_pretrained(base, ...)`. `via` is where the instance's values come from: the
    call of the function that holds the site; None where the site itself decides. `actions` are
    indices in `Project.actions` of the calls on the way from the inputs to this load. `local`
    tells that the id names a folder that this project itself saves to: it is no Hub id.
    `discarded` tells that the call is a statement of its own, `onto_adapter` that the object which
    an adapter is loaded onto is certainly a PEFT model already. `given` and
    `given_revision` are the words of command lines that give the id and the revision.
    """

    index: int
    site: LoadSite
    stage: Stage
    inputs: tuple[int, ...] = ()
    via: Place | None = None
    actions: tuple[int, ...] = ()
    local: bool = False
    discarded: bool = False
    onto_adapter: bool = False
    given: tuple[Place, ...] = ()
    given_revision: tuple[Place, ...] = ()

    @property
    def place(self) -> Place:
        """Where a finding about this load stands."""
        return self.via or Place(self.site.path, self.site.span, self.site.cell)

    def option(self, name: str) -> Value:
        """The value of one option by its canonical name, Absent where it is not given."""
        return dict(self.site.options).get(name, ABSENT)


@dataclass(frozen=True, slots=True)
class Save:
    """A save site with its stage and the loads that flow into what is saved.

    `actions` are indices in `Project.actions` of the calls that it went through.
    """

    site: SaveSite
    stage: Stage
    inputs: tuple[int, ...] = ()
    actions: tuple[int, ...] = ()

    @property
    def place(self) -> Place:
        """Where the save stands."""
        return Place(self.site.path, self.site.span, self.site.cell)


@dataclass(frozen=True, slots=True)
class Action:
    """A call that changes what a loaded model is, or that tells what a file does.

    `kind` is one of the catalogue's action kinds: "wrap" (`get_peft_model`, `add_adapter`),
    "lora-config", "resize", "merge", "unload", "train", "infer", "set-adapter", "load-state",
    "quantise-prepare". `inputs` are indices in `Project.loads` that flow into the call, and
    `actions` indices in `Project.actions` (the LoraConfig of a `get_peft_model`). `configs` are the
    loads that flow into the configuration (`PeftConfig.from_pretrained`), `source` is the file that
    the state dict of a "load-state" is read from. `onto_adapter` tells that the model is certainly
    a PEFT model already.
    """

    index: int
    kind: str
    callee: str
    path: str
    span: Span
    cell: int | None
    function: str
    text: str
    options: Mapping[str, Value]
    inputs: tuple[int, ...] = ()
    actions: tuple[int, ...] = ()
    discarded: bool = False
    insert_at: Span | None = None
    margins: tuple[str, str] = (", ", "")
    configs: tuple[int, ...] = ()
    source: Value = ABSENT
    onto_adapter: bool = False

    @property
    def place(self) -> Place:
        """Where the call stands."""
        return Place(self.path, self.span, self.cell)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A version that a file of the project asks of a package: `transformers>=4.40,<5`.

    `folder` is what it holds for: the file's own folder, that above `requirements/`, or that of a
    list which includes the file.
    """

    path: str
    package: str
    version: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """One training load and one inference load of the base that belong to the same adapter.

    `reason` says why, in words ("out/mistral: saved in finetune.py:41, loaded in serve.py:7").
    `adapter` is the load of the adapter on the inference side, where there is one; `merge` tells
    that the inference side only merges and saves.
    """

    train: Load
    infer: Load
    reason: str
    rule: Literal["artifact", "configured", "adapter-folder", "base-id"]
    adapter: Load | None = None
    merge: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """Code that loads an adapter folder: the base below it, and the load of the folder.

    Where one call loads both, both stand on it. `merge` tells that the code only merges and saves.
    """

    base: Load
    adapter: Load
    merge: bool = False


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter folder: what its adapter_config.json says, and what lies beside it.

    `keys` are the places of the keys of `config`. `tensors` are those of the safetensors header,
    None where there are no weights or they could not be read. `beside` has the files that matter
    by name, `card` the base models that README.md names, and `model` a config.json in the folder.
    `inside` tells that the recorded base is a folder of the project.
    """

    path: str
    config: Mapping[str, object]
    keys: Mapping[str, Span] = field(default_factory=dict)
    tensors: tuple[TensorFact, ...] | None = None
    beside: Mapping[str, BesideFact] = field(default_factory=dict)
    card: tuple[tuple[str, Span], ...] = ()
    model: Mapping[str, object] = field(default_factory=dict)
    inside: bool = False
    uses: tuple[Use, ...] = ()

    @property
    def folder(self) -> str:
        """The path of the folder, "" for the project's root."""
        return self.path.rpartition("/")[0]

    @property
    def base(self) -> str | None:
        """The base that is recorded, if one is."""
        found = self.config.get(RECORDED)
        return found if isinstance(found, str) and found else None

    @property
    def revision(self) -> str | None:
        """The base's revision that is recorded, if one is."""
        found = self.config.get("revision")
        return found if isinstance(found, str) and found else None

    def place(self, key: str) -> Place:
        """Where a finding about a key stands: on it, or at the top where it is missing."""
        return Place(self.path, self.keys.get(key, START))


@dataclass(frozen=True, slots=True)
class Locked:
    """A lock file of the project, by path."""

    path: str
    facts: LockFacts

    def of(self, repo_id: str, repo_type: str) -> tuple[Artifact, ...]:
        """What it holds of a repository."""
        return self.facts.lock.of(repo_id, repo_type)

    def place(self, artifact: Artifact) -> Place:
        """Where an artifact stands in it."""
        position = self.facts.lock.artifacts.index(artifact)
        row = self.facts.rows[position] if position < len(self.facts.rows) else 1
        return Place(self.path, Span.of(row, 1, row, 1))


@dataclass(frozen=True)
class Project:
    """What the linker makes of all facts.

    `loads` has one entry a site, with the values that hold whoever calls; `instances` has one a
    calling context, for the rules that compare sides. `undecided` lists the loads whose repo id
    or revision could not be followed, with reasons. `requirements` are the versions that the
    project's requirement files ask for.
    """

    config: Config
    files: Mapping[str, FileFacts] = field(default_factory=dict)
    loads: tuple[Load, ...] = ()
    instances: tuple[Load, ...] = ()
    saves: tuple[Save, ...] = ()
    actions: tuple[Action, ...] = ()
    pairs: tuple[Pair, ...] = ()
    adapters: tuple[Adapter, ...] = ()
    stages: Mapping[str, Stage] = field(default_factory=dict)
    undecided: tuple[Skipped, ...] = ()
    requirements: tuple[Requirement, ...] = ()

    @cached_property
    def downstream(self) -> Mapping[int, frozenset[int]]:
        """For each load, itself and the loads that it flows into, by index."""
        upstream: dict[int, set[int]] = {}
        below: defaultdict[int, set[int]] = defaultdict(set)
        for load in self.loads:  # in source order, and inputs come first in what reads them
            upstream[load.index] = {load.index}.union(*(upstream.get(i, {i}) for i in load.inputs))
            for index in upstream[load.index]:
                below[index].add(load.index)
        return {index: frozenset(reached) for index, reached in below.items()}

    @cached_property
    def written(self) -> Written:
        """Where the values are written."""
        return Written(self.files)

    @cached_property
    def takers(self) -> Mapping[Place, tuple[Load, ...]]:
        """The loads and instances that take their revision from a literal, by its place."""
        found: defaultdict[Place, list[Load]] = defaultdict(list)
        for load in (*self.loads, *self.instances):
            value = load.site.revision
            for leaf in value.values if isinstance(value, Choice) else (value,):
                place = self.written.at(leaf)  # type: ignore[arg-type]  # a value's choices
                if place is not None:
                    found[place].append(load)
        return {place: tuple(loads) for place, loads in found.items()}

    @cached_property
    def actions_on(self) -> Mapping[tuple[str, int], tuple[Action, ...]]:
        """The actions of a kind on what a load gives, by kind and index of the load."""
        found: defaultdict[tuple[str, int], list[Action]] = defaultdict(list)
        for action in self.actions:
            for index in dict.fromkeys(action.inputs):
                found[action.kind, index].append(action)
        return {key: tuple(actions) for key, actions in found.items()}

    @cached_property
    def loose_actions(self) -> Mapping[tuple[str, str], tuple[Action, ...]]:
        """The actions of a kind in a file whose model is not known, by kind and path."""
        found: defaultdict[tuple[str, str], list[Action]] = defaultdict(list)
        for action in self.actions:
            if not action.inputs:
                found[action.kind, action.path].append(action)
        return {key: tuple(actions) for key, actions in found.items()}

    @cached_property
    def instances_of(self) -> Mapping[int, tuple[Load, ...]]:
        """The instances of each load, by index."""
        found: defaultdict[int, list[Load]] = defaultdict(list)
        for load in self.instances:
            found[load.index].append(load)
        return {index: tuple(loads) for index, loads in found.items()}

    @cached_property
    def placed(self) -> Mapping[tuple[str, str], tuple[Load, ...]]:
        """The instances (else the loads) of an artifact that stand in a file, by both."""
        found: defaultdict[tuple[str, str], list[Load]] = defaultdict(list)
        for load in self.instances or self.loads:
            found[load.site.artifact, load.place.path].append(load)
        return {key: tuple(loads) for key, loads in found.items()}

    def locked_for(self, path: str) -> Locked | None:
        """The lock file that holds for a file: the nearest above it."""
        found = next((each for each in above(path) if each in self.files), None)
        facts = self.files[found].lock if found is not None else None
        return Locked(found, facts) if found is not None and facts is not None else None

    def loads_in(self, path: str) -> Iterator[Load]:
        """The load sites of one file, in source order."""
        return (load for load in self.loads if load.site.path == path)

    def inputs_of(self, thing: Load | Save | Action) -> Iterator[Load]:
        """The loads that flow into a load, a save or an action, directly."""
        return (self.loads[index] for index in thing.inputs)

    def actions_of(self, kind: str) -> Iterator[Action]:
        """All actions of one kind, in order."""
        return (action for action in self.actions if action.kind == kind)
