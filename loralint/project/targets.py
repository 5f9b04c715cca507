"""Saved artifacts, found again by whoever loads them: by path, by Hub id, by who decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from posixpath import dirname
from typing import TYPE_CHECKING

from loralint.facts import CommandFact, Known, Origin, Value
from loralint.project.instances import Sighting
from loralint.project.saving import Saving
from loralint.refs import is_repo_id, snapshot_of
from loralint.source import START
from loralint.values import commands
from loralint.values.paths import absolute, fits, normal, patterns_of, places, weight
from loralint.values.values import origins_of, texts_of

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

Texts = Callable[[Value], tuple[str, ...]]
"""Which strings of a value are meant: those that are known, or the patterns."""


@dataclass(frozen=True, slots=True)
class _Match:
    """A save of what is loaded: at which place, and how that is called."""

    saving: Saving
    place: str
    shown: str


class Targets:
    """The saves of a project by where they go."""

    def __init__(self, savings: Iterable[Saving], evaluator: Evaluator) -> None:
        self._machine = evaluator
        self._places: defaultdict[str, list[Saving]] = defaultdict(list)
        self._patterns: defaultdict[str, list[Saving]] = defaultdict(list)
        self._origins: defaultdict[Origin, list[Saving]] = defaultdict(list)
        for saving in savings:
            if saving.artifact in ("tokenizer", "processor", "config", "dataset"):
                continue
            for place in self.saved(saving):
                self._places[place].append(saving)
            for place in self.saved(saving, patterns_of):
                self._patterns[place].append(saving)
            for origin in origins_of(saving.target):
                self._origins[origin].append(saving)

    def saved(self, saving: Saving, texts: Texts = texts_of) -> frozenset[str]:
        """Where something is saved; with `patterns_of`, what is known of where."""
        options = saving.written.options if saving.written is not None else ()
        return self._all_places(texts(saving.target), side_of(saving), dict(options))

    def loaded(self, sighting: Sighting, texts: Texts = texts_of) -> frozenset[str]:
        """The same for where something is loaded from."""
        site = sighting.load.site
        return self._all_places(texts(site.repo_id), sighting.path, dict(site.options))

    def matching(self, sighting: Sighting) -> Iterator[tuple[Saving, str]]:
        """The saves of what is loaded, with how the place is called.

        Of scripts that all save to `lora_model`, the one beside the loading script is meant; where
        none stands beside it, nobody knows which.
        """
        found = {id(match.saving): match for match in self._all(sighting)}
        folder = dirname(sighting.path)
        beside = [each for each in found.values() if dirname(side_of(each.saving)) == folder]
        matches = beside or [each for each in found.values() if "/" in each.place]
        if not matches and len({dirname(side_of(each.saving)) for each in found.values()}) == 1:
            matches = list(found.values())
        yield from ((each.saving, each.shown) for each in matches)

    def _all(self, sighting: Sighting) -> Iterator[_Match]:
        repo_id = sighting.load.site.repo_id
        options = dict(sighting.load.site.options)
        for text in texts_of(repo_id):
            near = self._places_of(text, sighting.path, options)
            folder = dirname(sighting.path)
            yield from self._at(near, text, folder) or self._fitting(near, text, folder)
        for text in patterns_of(repo_id):
            near = self._places_of(text, sighting.path, options)
            yield from self._fitted(near, text)
        for origin in origins_of(repo_id):
            for each in origin.beginnings():
                shown = each.written or "the same path"
                for saving in self._origins.get(each, ()):
                    yield _Match(saving, f"/{shown}", shown)

    def _at(self, near: frozenset[str], text: str, folder: str) -> list[_Match]:
        """The saves to one of these places; of a folder and one below it, the latter."""
        return [
            _Match(saving, above, text)
            for place in near
            for above in islice(
                (each for each in _above(place, text, folder) if each in self._places), 1
            )
            for saving in self._places[above]
        ]

    def _fitting(self, near: frozenset[str], text: str, folder: str) -> list[_Match]:
        """The saves whose pattern a place fits; of several patterns the one that says most."""
        fitting = [
            (weight(pattern), pattern, above)
            for pattern in self._patterns
            for place in near
            for above in _above(place, text, folder)
            if fits(pattern, above) and not _is_owner_alone(pattern, above)
        ]
        most = max((each[0] for each in fitting), default=0)
        return [
            _Match(saving, above, text)
            for says, pattern, above in fitting
            if says == most
            for saving in self._patterns[pattern]
        ]

    def _fitted(self, near: frozenset[str], text: str) -> list[_Match]:
        """The saves to places that fit the pattern of what is loaded."""
        return [
            _Match(saving, place, text)
            for place, saved in self._places.items()
            if any(fits(pattern, place) for pattern in near)
            for saving in saved
        ]

    def _all_places(
        self, texts: Iterable[str], script: str, options: Mapping[str, Value]
    ) -> frozenset[str]:
        found = (self._places_of(text, script, options) for text in texts if text)
        return frozenset(place for each in found for place in each)

    def _places_of(self, text: str, script: str, options: Mapping[str, Value]) -> frozenset[str]:
        """Where a path may lie: also from the folders that a command enters before."""
        folder = options.get("folder")
        inside = set(self._machine.commands.folders(script))
        if isinstance(folder, Known):
            own = commands.Run(script, CommandFact(span=START, folder=str(folder.value)))
            inside |= set(own.folders)
        more = (normal(f"{each}/{text}") for each in inside if not absolute(text))
        return places(text, script) | frozenset(more)


def side_of(saving: Saving) -> str:
    """The file on whose side something is saved."""
    return saving.frame.chain[-1][0] if saving.frame.chain else saving.site[0]


def _above(place: str, text: str, folder: str) -> Iterator[str]:
    """A path and the folders above it, but not the root of all.

    What `text` would be beside a script in `folder` lies in that folder and in all above it: that
    something is saved to one of these says nothing of the text, least of all of a Hub id.
    """
    first = place
    while place and place not in ("/", ".", "~"):
        beside = place == folder and not is_repo_id(text)
        if place == first or beside or not f"{folder}/".startswith(f"{place}/"):
            yield place
        place = place.rpartition("/")[0]


def _is_owner_alone(pattern: str, place: str) -> bool:
    """Whether a Hub id fits a pattern of which only the owner is known: `owner/{}`."""
    owner, _, name = pattern.partition("/")
    return is_repo_id(place) and place.startswith(f"{owner}/") and weight(name) == 0


def names_of(value: Value) -> tuple[str | Origin, ...]:
    """What makes two bases the same: the Hub id, or who decides it."""
    names = [_snapshot_of(text) for text in texts_of(value)]
    return tuple(dict.fromkeys((*names, *origins_of(value))))


def _snapshot_of(text: str) -> str:
    found = snapshot_of(text)
    return found[0] if found is not None else text
