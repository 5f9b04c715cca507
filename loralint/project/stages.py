"""What files and functions do with adapters: train, infer, both or neither.

What a load flows into says most: a base that is wrapped or trained is a training side, one that
an adapter is loaded onto an inference side. Where nothing flows, the function says, then the file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from loralint.config import Config
from loralint.facts import Known, LoadSite, Site
from loralint.project.actions import ActionFlow
from loralint.project.flow import Flow, Key, Scope
from loralint.project.instances import Instance, Instances
from loralint.project.loads import Action, Stage

_TRAINING = frozenset({"wrap", "train", "quantise-prepare"})


def _marks() -> defaultdict[Scope, set[str]]:
    return defaultdict(set)


@dataclass(slots=True)
class Signals:
    """What speaks for training and for inference, by function and by what flows.

    `kinds` are the kinds of the actions of a function.
    """

    config: Config
    scopes: defaultdict[Scope, set[str]] = field(default_factory=_marks)
    kinds: defaultdict[Scope, set[str]] = field(default_factory=_marks)
    flows: defaultdict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    files: dict[str, Stage] = field(default_factory=dict)

    def of_function(self, path: str, function: str) -> Stage:
        """What is done where a function stands: its file's, or its own where that does both."""
        stage = self.files.get(path, "neither")
        if stage != "both":
            return stage
        marks = set(self.scopes.get(Scope(path, function), ()))
        for scope, inner in self.scopes.items() if function else ():
            if scope.file == path and scope.function.startswith(f"{function}."):
                marks |= inner
        own = stage_of(marks)  # with those nested in it
        return own if own != "neither" else stage

    def of_load(self, instance: Instance) -> Stage:
        """The stage of one instance of a load; the settings win."""
        path, function = instance.owner
        setting = self.config.stage(path)
        if setting is not None:
            return setting
        flows = self._flowing(instance.key)
        stage = stage_of(flows) if flows else self.of_function(path, function)
        if stage == "neither" and instance.artifact == "adapter" and instance.happens:
            return stage_of({_side(instance.site)})  # a script calls a helper of another file
        return stage

    def _flowing(self, key: Key) -> set[str]:
        """What is said of a load that happens so, whoever calls the outer of its calls."""
        lengths = range(len(key.chain) + 1)
        found = (self.flows.get(Key(key.site, key.chain[:length])) for length in lengths)
        return {mark for marks in found if marks for mark in marks}

    def undecided(self) -> set[Scope]:
        """Functions with loads in files that neither train nor infer: their callers decide."""
        return {scope for scope in self.scopes if self.files.get(scope.file) == "neither"}


def stage_of(marks: Iterable[str]) -> Stage:
    """One word for a set of signals."""
    train, infer = "train" in marks, "infer" in marks
    if train and infer:
        return "both"
    return "train" if train else "infer" if infer else "neither"


def signals(
    loads: Iterable[Instance], actions: Iterable[ActionFlow], config: Config, paths: Iterable[str]
) -> Signals:
    """Collect the signals of loads and actions, and from them the stage of each file."""
    found = Signals(config)
    every, served = list(actions), list(loads)
    filled = _filled(every, served)
    for each in every:
        _of_action(found, each, filled)
    for load in served:
        found.scopes[Scope(load.site.path, load.site.function)] |= _of_site(load.site)
    _weigh(found)
    by_file: defaultdict[str, set[str]] = defaultdict(set)
    for scope, marks in found.scopes.items():
        by_file[scope.file] |= marks
    found.files = {path: config.stage(path) or stage_of(by_file[path]) for path in paths}
    return found


def _filled(actions: Iterable[ActionFlow], loads: Iterable[Instance]) -> frozenset[int]:
    """The wraps, by index, into which a trained adapter is loaded: they are no training.

    So a class of one's own does it that is a PeftModel: `cls(model, config)`, then `load_adapter`.
    A `from_pretrained` does nothing else, however it goes on.
    """
    every = list(actions)
    training = {each.action.path for each in every if each.action.kind == "train"}
    onto = [each.load.actions for each in loads if each.artifact == "adapter"
            and _side(each.site) == "infer"]  # fmt: skip
    onto += [each.action.actions for each in every if each.action.kind == "load-state"]
    indices = {index for each in onto for index in each}
    return frozenset(
        each.action.index
        for each in every
        if each.action.kind == "wrap"
        and (each.action.index in indices or _loads_by_name(each.action))
        and each.action.path not in training
    )


def _loads_by_name(wrap: Action) -> bool:
    return wrap.function.rpartition(".")[2] == "from_pretrained"


def _of_action(found: Signals, acting: ActionFlow, filled: frozenset[int]) -> None:
    scope = Scope(acting.action.path, acting.action.function)
    kind = acting.action.kind
    found.kinds[scope].add(kind)
    if acting.action.index in filled:
        found.scopes[scope].add("infer")
        for key in acting.model.loads:
            found.flows[key].add("infer")
        return
    if kind == "train":
        found.scopes[scope].add("train")
    elif kind in ("wrap", "lora-config"):
        found.scopes[scope].add("perhaps train")
    if kind in _TRAINING:
        for key in acting.model.loads:
            found.flows[key].add("train")


def _of_site(site: LoadSite) -> set[str]:
    if site.stage:
        return {"train"} if site.stage == "train" else {"infer"}
    if site.artifact == "adapter":
        return {_side(site)}
    lora = dict(site.options).get("enable_lora")
    return {"infer"} if site.artifact == "engine" and lora == Known(True) else set()


def _side(adapter: LoadSite) -> str:
    """On which side an adapter is loaded: one that is loaded to be trained on is on that of it."""
    trainable = dict(adapter.options).get("is_trainable") == Known(True)
    return "train" if adapter.stage == "train" or trainable else "infer"


def _weigh(found: Signals) -> None:
    """Wrapping a model is training, unless the file only generates with it."""
    by_file: defaultdict[str, set[str]] = defaultdict(set)
    for scope, kinds in found.kinds.items():
        by_file[scope.file] |= kinds
    for scope, marks in found.scopes.items():
        if "perhaps train" in marks:
            marks.discard("perhaps train")
            if not by_file[scope.file] & {"infer", "merge"} or "train" in by_file[scope.file]:
                marks.add("train")


# --- the stages of instances --------------------------------------------------------------------


def staged(found: Signals, instances: Instances) -> Instances:
    """The instances with their stages; a site of several contexts has those of all of them."""
    for each in instances.every:
        if each.artifact == "adapter" and each.happens:
            _spread(found, instances, each.base, _side(each.site))
    stages = {key: found.of_load(each) for key, each in instances.by_key.items()}
    together: defaultdict[Site, set[str]] = defaultdict(set)
    for each in instances.every:
        stage = stages[each.key]
        together[each.key.site] |= {"train", "infer"} if stage == "both" else {stage}
    for each in instances.sites:
        stages[each.key] = stage_of(together[each.key.site])
    return Instances(
        {
            key: replace(each, load=replace(each.load, stage=stages[key]))
            for key, each in instances.by_key.items()
        }
    )


def _spread(found: Signals, instances: Instances, flow: Flow, stage: str) -> None:
    """A base takes the stage of the adapter that is loaded onto it, through adapters between."""
    todo = list(flow.loads)
    done: set[Key] = set()
    while todo:
        key = todo.pop()
        if key not in done:
            done.add(key)
            found.flows[key].add(stage)
            instance = instances.of(key)
            todo.extend(instance.base.loads if instance is not None else ())
