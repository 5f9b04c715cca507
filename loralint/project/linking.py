"""The order in which a project is linked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loralint.config import Config
from loralint.diagnostics import Skipped
from loralint.facts import Choice, FileFacts, Reason, Unknown, Value
from loralint.project import Project, Save, Stage, plain, stages
from loralint.project.acting import Acting, acting, indices
from loralint.project.adapter_folders import Folders, fold, with_uses
from loralint.project.collect import Collected, collect
from loralint.project.evidence import Evidence
from loralint.project.instances import Sightings, expand, sightings, with_changes
from loralint.project.pairs import pairs
from loralint.project.requirements import requirements
from loralint.project.saving import Saving, save_site, savings
from loralint.project.targets import Targets
from loralint.values.evaluator import Evaluator
from loralint.values.index import Index
from loralint.values.libraries import libraries
from loralint.values.values import texts_of


@dataclass(frozen=True, slots=True)
class Linked:
    """What the passes found, before it becomes a project."""

    found: Collected
    actions: list[Acting]
    seen: Sightings
    signals: stages.Signals
    files: dict[str, Stage]
    saved: list[tuple[Saving, list[Saving]]]
    folders: Folders


def link(facts: Mapping[str, FileFacts], files: Iterable[str], config: Config) -> Project:
    """Link the facts of a project by path; `files` are all paths, also of files without facts."""
    paths = tuple(files)
    folders = fold(facts, paths)
    evaluator = Evaluator(Index(folders.facts, paths), libraries)
    found = collect(evaluator)
    actions = acting(evaluator, found)
    seen = sightings(evaluator, found)
    plain.add_loads(evaluator, seen)
    actions += plain.actions(seen, len(actions))
    signals = stages.signals(seen, actions)
    by_file = stages.file_stages(signals, config, evaluator.index.files)
    expand(seen, stages.undecided(signals, by_file))
    stages.add_flows(signals, seen)
    _settle(seen, signals, by_file, config)
    saved = [*savings(evaluator, found), *plain.savings(evaluator)]
    return _project(Linked(found, actions, seen, signals, by_file, saved, folders), config)


def _settle(
    seen: Sightings, signals: stages.Signals, files: dict[str, Stage], config: Config
) -> None:
    """Give every instance its stage, and every site that of its instances."""
    for sighting in seen.by_key.values():
        site = sighting.load.site
        given, revision = (
            seen.evaluator.commands.words(value) for value in (site.repo_id, site.revision)
        )
        with_changes(sighting, given=given, given_revision=revision)
        stage = stages.sighting_stage(signals, sighting, files, config)
        with_changes(sighting, stage=stage)
    by_site: dict[int, set[str]] = {}
    for sighting in seen.all():
        by_site.setdefault(sighting.load.index, set()).add(sighting.load.stage)
    for one in seen.loads:
        marks = by_site.get(one.load.index, set())
        together = {"train", "infer"} if "both" in marks else marks
        with_changes(one, stage=stages.stage_of(together))


# --- the project --------------------------------------------------------------------------------


def _project(linked: Linked, config: Config) -> Project:
    seen = linked.seen
    _mark_local(linked)
    every = [each for own, others in linked.saved for each in (others or [own])]
    actions = tuple(each.action for each in linked.actions)
    evidence = Evidence(
        seen, every, Targets(every, seen.evaluator), linked.signals, actions, config, linked.folders
    )
    return Project(
        config=config,
        files=seen.evaluator.index.files,
        loads=tuple(each.load for each in seen.loads),
        instances=tuple(each.load for each in seen.all()),
        saves=tuple(_saves(linked)),
        actions=actions,
        pairs=pairs(evidence),
        adapters=with_uses(evidence),
        stages=linked.files,
        undecided=(*_undecided(seen), *linked.folders.unread),
        requirements=requirements(seen.evaluator.index.files),
    )


def _mark_local(linked: Linked) -> None:
    """Mark the loads of folders that the project itself saves to: those are no Hub ids."""
    folders = {
        text for saving, _ in linked.saved if not saving.pushed for text in texts_of(saving.target)
    }
    for sighting in linked.seen.by_key.values():
        texts = texts_of(sighting.load.site.repo_id)
        if texts and all(text in folders for text in texts):
            with_changes(sighting, local=True)


def _saves(linked: Linked) -> Iterable[Save]:
    found, evaluator = linked.found, linked.seen.evaluator
    for saving, _ in linked.saved:
        flow = saving.flow
        yield Save(
            site=save_site(evaluator, saving),
            stage=_stage_of_save(linked, saving),
            inputs=indices(found.load_index, (site for site, _ in flow.loads)),
            actions=indices(found.action_index, flow.steps),
        )


def _stage_of_save(linked: Linked, saving: Saving) -> Stage:
    path = saving.site[0]
    stage = linked.files.get(path, "neither")
    if stage != "both":
        return stage
    function = save_site(linked.seen.evaluator, saving).function
    own = stages.stage_of(stages.scope_marks(linked.signals, path, function))
    return own if own != "neither" else stage


def _undecided(seen: Sightings) -> Iterable[Skipped]:
    """The loads of which something could not be followed, and why."""
    for one in seen.loads:
        site = one.load.site
        for what, value in (("repo id", site.repo_id), ("revision", site.revision)):
            reason = _reason(value)
            if reason:
                yield Skipped(one.load.place, f"{what} of {site.loader}", reason)


def _reason(value: Value) -> str:
    """Why a value is not known; "" where it is, or where whoever runs the code decides."""
    leaves = value.values if isinstance(value, Choice) else (value,)
    for leaf in leaves:
        if isinstance(leaf, Unknown) and leaf.reason is not Reason.FORWARDED:
            return leaf.words
    return ""
