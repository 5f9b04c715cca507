"""Loads and their instances: one a site with what holds whoever calls, one a calling context."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from loralint.facts import LoadSite, Site, SiteKind
from loralint.project import Load, sites
from loralint.project.acting import indices
from loralint.project.collect import Collected
from loralint.project.flow import Chain, Flow, trace
from loralint.project.kinds import is_adapted
from loralint.source import Place
from loralint.values.nodes import Frame

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

Key = tuple[Site, Chain]
"""An instance: its site, and the calls that lead there."""


@dataclass(slots=True)
class Sighting:
    """One instance of a load with what the linker still needs to know of it.

    `owner` is the function, with its file, whose values decide: the caller's where there is one.
    """

    load: Load
    key: Key
    base: Flow
    owner: tuple[str, str]

    @property
    def path(self) -> str:
        """The file on whose side the instance stands."""
        return self.owner[0]


@dataclass(slots=True)
class Sightings:
    """All instances, found by key; those of one site are together."""

    evaluator: Evaluator
    found: Collected
    loads: list[Sighting] = field(default_factory=list)
    by_key: dict[Key, Sighting] = field(default_factory=dict)

    def all(self) -> list[Sighting]:
        """Every instance: of a site with contexts those, of one without the site itself."""
        expanded = {key[0] for key in self.by_key if key[1]}
        return [each for key, each in self.by_key.items() if key[1] or key[0] not in expanded]

    def of(self, key: Key) -> Sighting | None:
        """The instance with this key, made if a flow found it first."""
        found = self.by_key.get(key)
        if found is None and key[0] in self.found.load_index:
            return self.by_key.get((key[0], ()))
        return found

    def add(self, site: Site, frame: Frame) -> Sighting | None:
        """Add the instance of a site in a frame."""
        key = (site, frame.chain)
        if key not in self.by_key:
            made = _sighting(self.evaluator, self.found, site, frame)
            if made is None:
                return None
            self.by_key[key] = made
        return self.by_key[key]


def sightings(evaluator: Evaluator, found: Collected) -> Sightings:
    """Every load of the project as it stands."""
    seen = Sightings(evaluator, found)
    for site in found.loads:
        plain = seen.add(site, evaluator.module_frame(site[0]))
        if plain is not None:
            seen.loads.append(plain)
    return seen


def expand(seen: Sightings, undecided: set[tuple[str, str]]) -> None:
    """Add the instances of contexts: where they give other values, or decide the stage."""
    for plain in list(seen.loads):
        site = plain.key[0]
        if site.kind is not SiteKind.CALL:  # no call: nobody enters it
            continue
        always = plain.owner in undecided
        for frame in seen.evaluator.callers.frames(site, always=always):
            seen.add(site, frame)
    for each in list(seen.by_key.values()):
        for (site, _), outcome in each.base.loads.items():
            if site in seen.found.load_index:
                seen.add(site, outcome.frame)
    _place(seen)


def _place(seen: Sightings) -> None:
    """Say where the instances of a site stand that has several: at the call that tells them apart.

    That is the innermost one that the others do not share.
    """
    by_site: dict[Site, list[Sighting]] = {}
    for (site, chain), sighting in seen.by_key.items():
        if chain:
            by_site.setdefault(site, []).append(sighting)
    for together in by_site.values():
        for sighting in together if len(together) > 1 else ():
            with_changes(sighting, via=_via(seen.evaluator, sighting, together))


def _via(evaluator: Evaluator, sighting: Sighting, together: list[Sighting]) -> Place:
    chain = sighting.key[1]
    others = {call for each in together if each is not sighting for call in each.key[1]}
    own = next((call for call in chain if call not in others), chain[-1])
    call = evaluator.index.call(own)
    return Place(own[0], call.span, call.cell)


def _sighting(evaluator: Evaluator, found: Collected, site: Site, frame: Frame) -> Sighting | None:
    made = sites.load_site(evaluator, site, frame)
    if made is None:
        return None
    base_node = sites.base_of(evaluator, site, frame)
    base = trace(evaluator, base_node) if base_node is not None else Flow()
    load = Load(
        index=found.load_index[site],
        site=made,
        stage="neither",
        inputs=indices(found.load_index, (each for each, _ in base.loads)),
        actions=indices(found.action_index, base.steps),
        discarded=evaluator.index.call(site).discarded,
        onto_adapter=base_node is not None and is_adapted(evaluator, base_node),
    )
    return Sighting(load, (site, frame.chain), base, _owner(evaluator, made, frame))


def _owner(evaluator: Evaluator, made: LoadSite, frame: Frame) -> tuple[str, str]:
    if not frame.chain:
        return made.path, made.function
    outermost = frame.chain[-1]
    return outermost[0], evaluator.index.call(outermost).function


def with_changes(sighting: Sighting, **changes: object) -> None:
    """Change the load of an instance."""
    sighting.load = replace(sighting.load, **changes)  # type: ignore[arg-type]
