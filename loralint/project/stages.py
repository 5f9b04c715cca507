"""What files and functions do with adapters: train, infer, both or neither.

What a load flows into says most: a base that is wrapped or trained is a training side, one that
an adapter is loaded onto an inference side. Where nothing flows, the function says, then the file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from loralint.config import Config
from loralint.facts import Known, LoadSite
from loralint.project import Stage
from loralint.project.acting import Acting
from loralint.project.flow import Flow
from loralint.project.instances import Key, Sighting, Sightings

Scope = tuple[str, str]
"""A function with its file; the function is "" for the module."""

_TRAINING = frozenset({"wrap", "train", "quantise-prepare"})


@dataclass(slots=True)
class Signals:
    """What speaks for training and for inference, by function and by what flows."""

    scopes: defaultdict[Scope, set[str]] = field(default_factory=lambda: defaultdict(set))
    flows: defaultdict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    kinds: defaultdict[Scope, set[str]] = field(default_factory=lambda: defaultdict(set))

    def of_file(self, path: str) -> set[str]:
        """The signals of all functions of a file."""
        return {each for scope, found in self.scopes.items() if scope[0] == path for each in found}


def signals(seen: Sightings, actions: Iterable[Acting]) -> Signals:
    """Collect the signals of loads and actions."""
    found = Signals()
    for acting in actions:
        _of_action(found, acting)
    for sighting in seen.loads:
        scope = (sighting.load.site.path, sighting.load.site.function)
        found.scopes[scope] |= _of_load(sighting.load.site)
    _weigh(found)
    return found


def add_flows(found: Signals, seen: Sightings) -> None:
    """Note for each base load onto which adapters are loaded."""
    for sighting in seen.all():
        if sighting.load.site.artifact == "adapter":
            stage = "train" if _is_trainable(sighting.load.site) else "infer"
            _spread(found, seen, sighting.base, stage)


def _of_action(found: Signals, acting: Acting) -> None:
    scope = (acting.action.path, acting.action.function)
    kind = acting.action.kind
    found.kinds[scope].add(kind)
    if kind == "train":
        found.scopes[scope].add("train")
    elif kind in ("wrap", "lora-config"):
        found.scopes[scope].add("perhaps train")
    if kind in _TRAINING:
        for key in _bases(acting.model):
            found.flows[key].add("train")


def _of_load(site: LoadSite) -> set[str]:
    if site.stage:
        return {"train"} if site.stage == "train" else {"infer"}
    if site.artifact == "adapter":
        return {"train"} if _is_trainable(site) else {"infer"}
    lora = dict(site.options).get("enable_lora")
    return {"infer"} if site.artifact == "engine" and lora == Known(True) else set()


def _is_trainable(site: LoadSite) -> bool:
    return site.stage == "train" or dict(site.options).get("is_trainable") == Known(True)


def _bases(flow: Flow) -> Iterable[Key]:
    return flow.loads


def _spread(found: Signals, seen: Sightings, flow: Flow, stage: str) -> None:
    """A base takes the stage of the adapter that is loaded onto it, through adapters between."""
    todo = list(flow.loads)
    done: set[Key] = set()
    while todo:
        key = todo.pop()
        if key in done:
            continue
        done.add(key)
        found.flows[key].add(stage)
        sighting = seen.of(key)
        todo.extend(sighting.base.loads if sighting is not None else ())


def _weigh(found: Signals) -> None:
    """Wrapping a model is training, unless the file only generates with it."""
    by_file: defaultdict[str, set[str]] = defaultdict(set)
    for scope, kinds in found.kinds.items():
        by_file[scope[0]] |= kinds
    for scope, marks in found.scopes.items():
        if "perhaps train" in marks:
            marks.discard("perhaps train")
            if not by_file[scope[0]] & {"infer", "merge"} or "train" in by_file[scope[0]]:
                marks.add("train")


# --- stages -------------------------------------------------------------------------------------


def stage_of(marks: set[str]) -> Stage:
    """One word for a set of signals."""
    if {"train", "infer"} <= marks:
        return "both"
    if "train" in marks:
        return "train"
    return "infer" if "infer" in marks else "neither"


def file_stages(found: Signals, config: Config, paths: Iterable[str]) -> dict[str, Stage]:
    """The stage of each file; the settings win."""
    by_file: defaultdict[str, set[str]] = defaultdict(set)
    for scope, marks in found.scopes.items():
        by_file[scope[0]] |= marks
    return {path: config.stage(path) or stage_of(by_file[path]) for path in paths}


def sighting_stage(
    found: Signals, sighting: Sighting, files: dict[str, Stage], config: Config
) -> Stage:
    """The stage of one instance of a load."""
    path, function = sighting.owner
    setting = config.stage(path)
    if setting is not None:
        return setting
    flows = found.flows.get(sighting.key, set())
    if flows:
        return stage_of(flows)
    if files.get(path) != "both":
        return files.get(path, "neither")
    own = stage_of(scope_marks(found, path, function))
    return own if own != "neither" else "both"


def scope_marks(found: Signals, path: str, function: str) -> set[str]:
    """The signals of a function and of those nested in it."""
    marks = set(found.scopes.get((path, function), ()))
    for scope, inner in found.scopes.items() if function else ():
        if scope[0] == path and scope[1].startswith(f"{function}."):
            marks |= inner
    return marks


def undecided(found: Signals, files: dict[str, Stage]) -> set[Scope]:
    """Functions with loads in files that neither train nor infer: their callers decide."""
    return {scope for scope in found.scopes if files.get(scope[0]) == "neither"}
