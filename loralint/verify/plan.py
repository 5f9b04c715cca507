"""Which cases to run for the pairs of a project: one a side, on the adapter between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from loralint.diagnostics import Diagnostic
from loralint.facts import Absent
from loralint.project import Load, Pair, Project
from loralint.rules.judgement.sides import distinct_pairs
from loralint.rules.judgement.values import texts
from loralint.source import Place
from loralint.verify.case import Case
from loralint.verify.side_case import (
    CannotPlanError,
    Surroundings,
    adapter_folder,
    on_disk,
    side_case,
)

Role = Literal["training", "inference"]

FLAGGING = ("LOR107", "LOR2", "LOR410")
"""Codes, or beginnings of them, that make a pair worth loading: its two sides may not agree."""


@dataclass(frozen=True)
class Side:
    """A side of a pair: the case to run, or (`reason`) why there is none.

    `notes` say what of the load the case does not follow.
    """

    role: Role
    load: Load
    case: Case | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        return self.load.place


@dataclass(frozen=True)
class Plan:
    """A pair with what is to be run for it; `reason` where no adapter is there to run with."""

    pair: Pair
    adapter: str
    sides: tuple[Side, ...] = ()
    reason: str = ""


def flagged(project: Project, diagnostics: Iterable[Diagnostic]) -> list[Pair]:
    """The pairs about which something was found that loading can decide."""
    places = {
        place
        for one in diagnostics
        if one.code.startswith(FLAGGING)
        for place in (one.place, *(related.place for related in one.related))
    }
    return [pair for pair in distinct_pairs(project) if _sides(pair) & places]


def _sides(pair: Pair) -> set[Place]:
    return {pair.train.place, pair.infer.place}


def between(project: Project, train: str, infer: str) -> list[Pair]:
    """The pairs of two files, by their paths from the root."""
    return [
        pair
        for pair in distinct_pairs(project)
        if (pair.train.place.path, pair.infer.place.path) == (train, infer)
    ]


def plans(project: Project, pairs: Sequence[Pair], around: Surroundings) -> list[Plan]:
    """A plan for each pair, in the order of the code; each adapter and base once a pair."""
    ordered = sorted(pairs, key=lambda pair: (pair.infer.place, pair.train.place))
    return [_plan(project, pair, around) for pair in ordered]


def _plan(project: Project, pair: Pair, around: Surroundings) -> Plan:
    try:
        found = _adapter(project, pair, around)
    except CannotPlanError as error:
        return Plan(pair, "the adapter", reason=str(error))
    if found is None:
        named = _named(project, pair)
        reason = f"{named} is not on this machine" if named else "no adapter is saved anywhere"
        return Plan(pair, named or "the adapter", reason=reason)
    folder, name = found
    sides = (
        _side("training", pair.train, folder, name, around),
        _side("inference", pair.infer, folder, name, around),
    )
    return Plan(pair, name, sides)


def _side(role: Role, load: Load, folder: Path, name: str, around: Surroundings) -> Side:
    try:
        planned = side_case(load, folder, name, around)
    except CannotPlanError as error:
        return Side(role, load, reason=str(error))
    return Side(role, load, planned.case, notes=tuple(planned.notes))


def _adapter(project: Project, pair: Pair, around: Surroundings) -> tuple[Path, str] | None:
    """The folder that the inference side loads, else one that the training side saves to."""
    if pair.adapter is not None and not isinstance(pair.adapter.site.repo_id, Absent):
        found = adapter_folder(pair.adapter, around)
        if found is not None:
            return found
    for text, script in _saved(project, pair):
        found = on_disk(text, script, around.root)
        if found is not None:
            return found
    return None


def _saved(project: Project, pair: Pair) -> Iterator[tuple[str, str]]:
    """Where the training side saves what its base flows into, by its own words."""
    reached = project.downstream.get(pair.train.index, frozenset((pair.train.index,)))
    for save in project.saves:
        beside = save.site.path == pair.train.place.path and not save.inputs
        if beside or reached & set(save.inputs):
            for text in texts(save.site.target):
                yield text, save.site.path


def _named(project: Project, pair: Pair) -> str:
    """What the code calls the adapter."""
    loaded = texts(pair.adapter.site.repo_id) if pair.adapter is not None else ()
    saved = (text for text, _ in _saved(project, pair))
    return next(iter((*loaded, *saved)), "")
