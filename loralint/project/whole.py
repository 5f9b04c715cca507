"""The project as a whole, with what rules look up in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from loralint.config import Config
from loralint.diagnostics import Skipped
from loralint.facts import (
    Choice,
    FileFacts,
)
from loralint.literals import Written
from loralint.lockfile import above
from loralint.project.folders import Adapter, Locked
from loralint.project.loads import Action, Condition, Load, Pair, Requirement, Save, Stage
from loralint.source import Place


@dataclass(frozen=True)
class Project:
    """What the linker makes of all facts.

    `loads` has one entry a site, with the values that hold whoever calls; `instances` has one a
    calling context, for the rules that compare sides. `undecided` lists the loads whose repo id
    or revision could not be followed, with reasons. `requirements` are the versions that the
    project's requirement files ask for. `load_conditions` and `action_conditions` are, by index,
    the conditions that options decide. `sources` are, by index of a load of a model or adapter, the
    indices in `saves` of what is saved where it loads from. `cached_code` tells of models that
    the local cache of the Hub holds whether they bring code.
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
    load_conditions: Mapping[int, tuple[Condition, ...]] = field(default_factory=dict)
    action_conditions: Mapping[int, tuple[Condition, ...]] = field(default_factory=dict)
    sources: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    cached_code: Mapping[str, bool] = field(default_factory=dict)

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
                given = load.given_revision
                for place in self.written.all_of(leaf, given):  # type: ignore[arg-type]  # a value's choices
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

    def saved_as(self, load: Load) -> tuple[Save, ...]:
        """The saves of what a load loads."""
        return tuple(self.saves[index] for index in self.sources.get(load.index, ()))

    def actions_of(self, kind: str) -> Iterator[Action]:
        """All actions of one kind, in order."""
        return (action for action in self.actions if action.kind == kind)
