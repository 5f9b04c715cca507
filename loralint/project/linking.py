"""The order in which a project is linked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from loralint.config import Config
from loralint.diagnostics import Skipped
from loralint.facts import FileFacts, Reason, Unknown, Value, leaves
from loralint.project import instances, stages
from loralint.project.actions import actions, wrapped_in_place
from loralint.project.adapter_folders import fold
from loralint.project.borders import Borders, Surroundings
from loralint.project.calls import Linker
from loralint.project.classify import new_linker
from loralint.project.conditions import CONDITIONAL, Conditional
from loralint.project.downloads import from_downloads
from loralint.project.evidence import BASES, Evidence
from loralint.project.instances import Instance
from loralint.project.loads import Save
from loralint.project.own_scripts import leave_to_own_scripts
from loralint.project.pairs import pairs
from loralint.project.requirements import requirements
from loralint.project.saved_places import SavedPlaces
from loralint.project.saves import Saved, saves
from loralint.project.script_places import ScriptPlaces
from loralint.project.stopped import told
from loralint.project.whole import Project
from loralint.project.wrapping import Wrapping
from loralint.values.index import Index
from loralint.values.values import texts_of

_NOTHING_AROUND = Surroundings()


def link(
    facts: Mapping[str, FileFacts],
    files: Iterable[str],
    config: Config,
    around: Surroundings = _NOTHING_AROUND,
    linker: Linker | None = None,
) -> Project:
    """Link the facts of a project by path; `files` are all paths, also of files without facts.

    A `linker` that was asked about the same code before knows answers already.
    """
    paths = tuple(files)
    borders = Borders(paths, around)
    folders = fold(facts, paths)
    if linker is None:
        linker = new_linker(Index(folders.facts, paths))
    linker.index.files = dict(folders.facts)
    leave_to_own_scripts(linker.index)
    index = linker.index.files

    acting = actions(linker)
    saved = saves(linker, wrapped_in_place(acting))
    own = _own_folders(saved)
    seen = instances.of_sites(linker, own)
    signals = stages.signals(seen.sites, acting, config, index)
    savings = tuple(each for save in saved for each in save.every)
    flows = (each.flow for each in savings)
    seen = instances.in_contexts(linker, seen, own, signals.undecided(), flows)
    seen = stages.staged(signals, seen)
    script_places = ScriptPlaces(linker.evaluator, borders)
    seen = from_downloads(seen, script_places)

    evidence = Evidence(
        config=config,
        files=index,
        instances=seen,
        actions=tuple(each.action for each in acting),
        savings=savings,
        places=SavedPlaces(savings, script_places),
        borders=borders,
        wrapping=Wrapping(acting, seen),
        signals=signals,
        folders=folders,
    )
    conditional, found = Conditional(linker), linker.found
    return Project(
        config=config,
        files=index,
        loads=tuple(each.load for each in seen.sites),
        instances=tuple(each.load for each in seen.every),
        saves=tuple(_save(linker, signals, each) for each in saved),
        actions=evidence.actions,
        pairs=pairs(evidence),
        adapters=evidence.adapters(),
        sources=_sources(evidence, saved),
        stages=signals.files,
        undecided=(*_undecided(index, seen.sites), *folders.unread),
        requirements=requirements(index),
        load_conditions=conditional.of_all((each, found.load_index[each]) for each in found.loads),
        action_conditions=conditional.of_all(
            (each, found.action_index[each])
            for each in found.actions
            if linker.meaning(each).kind in CONDITIONAL
        ),
    )


def _sources(evidence: Evidence, saved: Iterable[Saved]) -> Mapping[int, tuple[int, ...]]:
    """The saves, by index, of what each load loads; only models and adapters are looked for."""
    numbers = {id(each): number for number, save in enumerate(saved) for each in save.every}
    found: defaultdict[int, dict[int, None]] = defaultdict(dict)
    for each in evidence.instances.every:
        if each.artifact == "adapter" or each.artifact in BASES:
            for match in evidence.places.matching(each):
                found[each.load.index][numbers[id(match.saving)]] = None
    return {index: tuple(sorted(saves)) for index, saves in found.items()}


def _own_folders(saved: Iterable[Saved]) -> frozenset[str]:
    """The folders that the project itself saves to: those are no Hub ids."""
    plain = (each.plain for each in saved if not each.plain.pushed)
    return frozenset(text for each in plain for text in texts_of(each.site.target))


def _save(linker: Linker, signals: stages.Signals, saved: Saved) -> Save:
    site, flow = saved.plain.site, saved.plain.flow
    return Save(
        site=site,
        stage=signals.of_function(site.path, site.function),
        inputs=linker.found.loads_of(flow.loads),
        actions=linker.found.actions_of(flow.steps),
    )


def _undecided(files: Mapping[str, FileFacts], loads: Iterable[Instance]) -> Iterator[Skipped]:
    """The loads of which something could not be followed, and why."""
    for each in loads:
        for what, value in (("repo id", each.site.repo_id), ("revision", each.site.revision)):
            reason = _reason(files, value)
            if reason:
                yield Skipped(each.load.place, f"{what} of {each.site.loader}", reason)


def _reason(files: Mapping[str, FileFacts], value: Value) -> str:
    """Why a value is not known; "" where it is, or where whoever runs the code decides."""
    for leaf in leaves(value):
        if isinstance(leaf, Unknown) and leaf.reason not in (Reason.FORWARDED, Reason.MIRRORED):
            return told(files, leaf)
    return ""
