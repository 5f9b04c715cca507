"""The order in which a project is linked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loralint.config import Config
from loralint.diagnostics import Skipped
from loralint.facts import Choice, FileFacts, Unknown, Value
from loralint.linker import callers, stages
from loralint.linker.acting import Acting, acting, indices
from loralint.linker.collect import Collected, collect
from loralint.linker.flow import Flow
from loralint.linker.index import Index
from loralint.linker.instances import Sighting, Sightings, expand, sightings, with_changes
from loralint.linker.machine import Machine
from loralint.linker.pairs import Evidence, pairs
from loralint.linker.saving import Saving, save_site, savings
from loralint.linker.targets import Targets
from loralint.linker.values import texts_of
from loralint.project import Load, Project, Save, Stage


@dataclass(frozen=True, slots=True)
class Linked:
    """What the passes found, before it becomes a project."""

    found: Collected
    actions: list[Acting]
    seen: Sightings
    signals: stages.Signals
    files: dict[str, Stage]
    saved: list[tuple[Saving, list[Saving]]]


def link(facts: Mapping[str, FileFacts], files: Iterable[str], config: Config) -> Project:
    """Link the facts of a project by path; `files` are all paths, also of files without facts."""
    machine = Machine(Index(facts, files))
    callers.prepare(machine)
    found = collect(machine)
    actions = acting(machine, found)
    seen = sightings(machine, found)
    _add_plain(machine, seen)
    signals = stages.signals(seen, actions)
    by_file = stages.file_stages(signals, config, machine.index.files)
    expand(seen, stages.undecided(signals, by_file))
    stages.add_flows(signals, seen)
    _settle(seen, signals, by_file, config)
    saved = savings(machine, found)
    return _project(Linked(found, actions, seen, signals, by_file, saved), config)


def _add_plain(machine: Machine, seen: Sightings) -> None:
    """Add the loads that need no linking: of recipes, command lines and adapter folders."""
    for path, facts in machine.index.files.items():
        for position, site in enumerate(facts.loads):
            key = ((path, -1 - position), ())
            load = Load(len(seen.loads), site, "neither")
            seen.found.load_index[key[0]] = load.index
            seen.by_key[key] = Sighting(load, key, Flow(), (path, site.function))
            seen.loads.append(seen.by_key[key])


def _settle(
    seen: Sightings, signals: stages.Signals, files: dict[str, Stage], config: Config
) -> None:
    """Give every instance its stage, and every site that of its instances."""
    for sighting in seen.by_key.values():
        stage = stages.sighting_stage(signals, sighting, files, config)
        with_changes(sighting, stage=stage)
    by_site: dict[int, set[str]] = {}
    for sighting in seen.all():
        by_site.setdefault(sighting.load.index, set()).add(sighting.load.stage)
    for plain in seen.loads:
        marks = by_site.get(plain.load.index, set())
        together = {"train", "infer"} if "both" in marks else marks
        with_changes(plain, stage=stages.stage_of(together))


# --- the project --------------------------------------------------------------------------------


def _project(linked: Linked, config: Config) -> Project:
    seen, found = linked.seen, linked.found
    _mark_local(linked)
    every = [each for plain, others in linked.saved for each in (others or [plain])]
    actions = tuple(each.action for each in linked.actions)
    evidence = Evidence(seen, every, Targets(every), linked.signals, actions, config)
    return Project(
        config=config,
        files=seen.machine.index.files,
        loads=tuple(each.load for each in seen.loads),
        instances=tuple(each.load for each in seen.all()),
        saves=(*_saves(linked), *_plain_saves(linked)),
        actions=actions,
        pairs=pairs(evidence),
        stages=linked.files,
        undecided=tuple(_undecided(seen)) if found.loads else (),
    )


def _mark_local(linked: Linked) -> None:
    """Mark the loads of folders that the project itself saves to: those are no Hub ids."""
    folders = {
        text
        for plain, _ in linked.saved
        if "push_to_hub" not in _method(linked, plain)
        for text in texts_of(plain.target)
    }
    for sighting in linked.seen.by_key.values():
        texts = texts_of(sighting.load.site.repo_id)
        if texts and all(text in folders for text in texts):
            with_changes(sighting, local=True)


def _method(linked: Linked, saving: Saving) -> str:
    return linked.seen.machine.index.call(saving.site).text.partition("(")[0]


def _saves(linked: Linked) -> Iterable[Save]:
    found, machine = linked.found, linked.seen.machine
    for plain, _ in linked.saved:
        flow = plain.flow
        yield Save(
            site=save_site(machine, plain),
            stage=_stage_of_save(linked, plain),
            inputs=indices(found.load_index, (site for site, _ in flow.loads)),
            actions=indices(found.action_index, flow.steps),
        )


def _plain_saves(linked: Linked) -> Iterable[Save]:
    for path, facts in linked.seen.machine.index.files.items():
        for site in facts.saves:
            yield Save(site, linked.files.get(path, "neither"))


def _stage_of_save(linked: Linked, saving: Saving) -> Stage:
    path = saving.site[0]
    stage = linked.files.get(path, "neither")
    if stage != "both":
        return stage
    function = linked.seen.machine.index.call(saving.site).function
    own = stages.stage_of(stages.scope_marks(linked.signals, path, function))
    return own if own != "neither" else stage


def _undecided(seen: Sightings) -> Iterable[Skipped]:
    """The loads of which something could not be followed, and why."""
    for plain in seen.loads:
        site = plain.load.site
        for what, value in (("repo id", site.repo_id), ("revision", site.revision)):
            reason = _reason(value)
            if reason:
                yield Skipped(plain.load.place, f"{what} of {site.loader}", reason)


def _reason(value: Value) -> str:
    """Why a value is not known; "" where it is, or where whoever runs the code decides."""
    leaves = value.values if isinstance(value, Choice) else (value,)
    for leaf in leaves:
        if isinstance(leaf, Unknown) and not leaf.reason.startswith("forwarded"):
            return leaf.reason
    return ""
