"""Pins → fixes: what makes the code name a commit, wherever its revision is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from loralint.diagnostics import Edit, Fix
from loralint.facts import Absent, Known
from loralint.hub.candidates import is_silenced
from loralint.hub.pins import Pin
from loralint.project import Action, Load, Project
from loralint.rules.judgement.fixes import Change, made, revision_changes, revision_names
from loralint.rules.judgement.recording import Unrecorded, unrecorded


def fixes_of(project: Project, pins: Iterable[Pin]) -> list[tuple[Pin, Fix]]:
    """The fixes that pin loads; those whose revision cannot be written are left out."""
    making = tuple(unrecorded(project))
    found = ((pin, _fix(project, pin, making)) for pin in pins)
    return [(pin, fix) for pin, fix in found if fix is not None]


def _fix(project: Project, pin: Pin, making: Sequence[Unrecorded]) -> Fix | None:
    changes = revision_changes(project, pin.load, pin.commit)
    if not changes:
        return None
    recorded = (*_recorded(project, pin), *_newly_recorded(project, pin, making))
    message, names = f"pin {pin.repo_id} to {pin.commit}", revision_names(pin.load.site)
    return made("unsafe", message, dict.fromkeys((*changes, *recorded)), *names)


def _recorded(project: Project, pin: Pin) -> Iterator[Change]:
    """What an adapter records of the base's revision, written as text: it is to be the same."""
    old = pin.load.site.revision
    for action in _recorders(project, pin.load) if isinstance(old, Known) else ():
        told = action.options.get("revision")
        if told == old and isinstance(told, Known):
            place = project.written.at(told)
            if place is not None and isinstance(told.value, str):
                yield Edit(place, pin.commit)


def _newly_recorded(project: Project, pin: Pin, making: Sequence[Unrecorded]) -> Iterator[Change]:
    """What an adapter is to record of a base that is pinned now, and was recorded nowhere."""
    for one in making if isinstance(pin.load.site.revision, (Absent, Known)) else ():
        of_it = any(base.place == pin.load.place for base in one.bases)
        if of_it and not is_silenced(project, one.place.place, "LOR110", "unrecorded-revision"):
            yield from one.changes(pin.commit)


def _recorders(project: Project, load: Load) -> Iterator[Action]:
    """The calls that make an adapter on a load, and the LoRA configurations that they get."""
    for action in project.actions:
        if action.kind in ("wrap", "train") and load.index in action.inputs:
            yield action
            yield from (project.actions[index] for index in action.actions)
