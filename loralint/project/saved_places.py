"""Saved artifacts, found again by whoever loads them: by path, by Hub id, by who decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from posixpath import dirname

from loralint.facts import Origin, Value
from loralint.project.flow import Key
from loralint.project.instances import Instance
from loralint.project.saves import Saving
from loralint.project.script_places import ScriptPlaces
from loralint.refs import FOLDERS, is_repo_id
from loralint.values.paths import absolute, fits, normal, open_ends_of, patterns_of, weight
from loralint.values.values import origins_of, texts_of

Texts = Callable[[Value], tuple[str, ...]]
"""Which strings of a value are meant: those that are known, or the patterns."""

_TELLING = 8
"""So many letters the end of a path needs: `run/model` is anybody's."""

_NO_MODEL = frozenset({"tokenizer", "processor", "config", "dataset"})


@dataclass(frozen=True, slots=True)
class Match:
    """A save of what is loaded: at which place, and how that is called.

    Where it is only as likely as that one path ends like the other (`/content/app/out/a`, which
    somebody's checkout has as `out/a`), it is not `certain`.
    """

    saving: Saving
    place: str
    shown: str
    certain: bool = True

    @property
    def folder(self) -> str:
        """Where the script stands on whose side it is saved."""
        return dirname(self.saving.owner.file)


class SavedPlaces:
    """The saves of a project by where they go."""

    def __init__(self, savings: Iterable[Saving], places: ScriptPlaces) -> None:
        self._script_places = places
        self._places: defaultdict[str, list[Saving]] = defaultdict(list)
        self._patterns: defaultdict[str, list[Saving]] = defaultdict(list)
        self._origins: defaultdict[Origin, list[Saving]] = defaultdict(list)
        self._matches: dict[Key, list[Match]] = {}
        self._of_any: dict[Key, list[Match]] = {}
        self._pushed: defaultdict[str, list[Saving]] = defaultdict(list)
        self._tails: defaultdict[str, list[Saving]] = defaultdict(list)
        self._ends: defaultdict[str, list[Saving]] = defaultdict(list)
        for saving in savings:
            if saving.site.artifact not in _NO_MODEL:
                self._add(saving)

    def _add(self, saving: Saving) -> None:
        target = saving.site.target
        for place in self.saved(saving):
            self._places[place].append(saving)
            for tail in _tails(place) if absolute(place) else ():
                self._tails[tail].append(saving)
        for place in self.saved(saving, patterns_of):
            self._patterns[place].append(saving)
        for end in _telling_ends(target):
            self._ends[end].append(saving)
        for origin in origins_of(target):
            self._origins[origin].append(saving)
        for text in texts_of(target) if saving.pushed else ():
            self._pushed[text].append(saving)

    def saved(self, saving: Saving, texts: Texts = texts_of) -> tuple[str, ...]:
        """Where something is saved; with `patterns_of`, what is known of where."""
        options = dict(saving.site.options) if saving.written else {}
        found = texts(saving.site.target)
        return self._script_places.of_all(found, saving.owner.file, options)

    def loaded(self, instance: Instance, texts: Texts = texts_of) -> tuple[str, ...]:
        """The same for where something is loaded from."""
        site = instance.site
        return self._script_places.of_all(texts(site.repo_id), instance.path, dict(site.options))

    # --- the saves of what is loaded ------------------------------------------------------------

    def matching(self, instance: Instance) -> list[Match]:
        """The saves of what is loaded, each once.

        Of scripts that all save to `lora_model`, the one beside the loading script is meant; where
        none stands beside it, nobody knows which.
        """
        known = self._matches.get(instance.key)
        if known is None:
            known = self._matches[instance.key] = self._matching(instance)
        return known

    def of_any(self, instance: Instance) -> list[Match]:
        """The saves to what is loaded by any script that may mean the same place, each once."""
        known = self._of_any.get(instance.key)
        if known is None:
            every = (self._for_both(each, instance.path) for each in self._all(instance))
            known = list({match.saving: match for match in every if match is not None}.values())
            self._of_any[instance.key] = known
        return known

    def _matching(self, instance: Instance) -> list[Match]:
        script, found = instance.path, self.of_any(instance)
        beside = [each for each in found if each.folder == dirname(script)]
        bare = self._script_places.is_bare
        pushed = [each for each in found if self._is_pushed(each)]  # wherever a script stands
        matches = beside or [each for each in found if not bare(each.place, script)]
        matches += [each for each in pushed if each not in matches]
        if not matches and len({each.folder for each in found}) == 1:
            return found
        return matches

    def _for_both(self, match: Match, script: str) -> Match | None:
        """A match of one place that both scripts mean; None where each means a folder of its own.

        What two parts of one project may mean is not certain.
        """
        owner, borders = match.saving.owner.file, self._script_places.borders
        if self._is_pushed(match):
            return match  # a Hub id is the same everywhere
        if not match.certain and absolute(match.shown):
            return match if borders.in_one_repository(owner, script) else None
        if self._script_places.is_for_both(match.place, owner, script):
            return match
        telling = "/" in match.place.rpartition("/")[0]
        parts = telling and borders.are_parts_of_one(owner, script)
        return replace(match, certain=False) if parts else None

    def _is_pushed(self, match: Match) -> bool:
        return match.saving.pushed and match.shown in self._pushed

    def _all(self, instance: Instance) -> Iterator[Match]:
        yield from self._of_texts(instance)
        yield from self._of_patterns(instance)
        yield from self._of_ends(instance)
        for origin in origins_of(instance.site.repo_id):
            for each in origin.beginnings():
                shown = each.written or "the same path"
                for saving in self._origins.get(each, ()):
                    yield Match(saving, f"/{shown}", shown)

    def _of_texts(self, instance: Instance) -> Iterator[Match]:
        folder, options = dirname(instance.path), dict(instance.site.options)
        for text in texts_of(instance.site.repo_id):
            near = self._script_places.of(text, instance.path, options)
            above = [list(_above(place, text, folder)) for place in near]
            pushed = [Match(saving, text, text) for saving in self._pushed.get(text, ())]
            yield from pushed
            yield from (
                self._at(above, text)
                or pushed
                or self._fitting(above, text)
                or self._elsewhere(text, above, folder)
                or self._below_a_root(text)
            )

    def _of_patterns(self, instance: Instance) -> Iterator[Match]:
        options = dict(instance.site.options)
        for text in patterns_of(instance.site.repo_id):
            near = self._script_places.of(text, instance.path, options)
            for place, saved in self._places.items():
                if any(fits(pattern, place) for pattern in near):
                    yield from (Match(saving, place, text) for saving in saved)
            above = [list(_above(each, text, dirname(instance.path))) for each in near]
            yield from self._at(above, text)  # a checkpoint below it
            for pattern in near:
                # `f"runs/{now()}"` is one folder to all of a script
                same = (each for each in self._patterns.get(pattern, ())
                        if each.owner.file == instance.path)  # fmt: skip
                yield from (Match(saving, pattern, text) for saving in same)

    def _of_ends(self, instance: Instance) -> Iterator[Match]:
        """The saves whose path ends like one that is not known from its root on, on either side."""
        value = instance.site.repo_id
        for text in patterns_of(value) if self._ends else ():
            tails = list(_last_parts(normal(text)))
            for end, saved in self._ends.items():
                if any(fits(tail, end) for tail in tails):
                    yield from (Match(each, end, text, certain=False) for each in saved)
        for end in _telling_ends(value):
            yield from (Match(each, end, end, certain=False) for each in self._ends.get(end, ()))
            for place, saved in self._places.items():
                if any(fits(end, tail) for tail in _last_parts(place)):
                    yield from (Match(each, end, place, certain=False) for each in saved)

    def _below_a_root(self, text: str) -> list[Match]:
        """The saves below a root that is not known, of which two parts or more end a path so."""
        tails = [each for tail in _last_parts(normal(text)) for each in _above(tail, tail, "")]
        fitting = [
            (weight(end), end) for end in self._ends if any(fits(end, tail) for tail in tails)
        ]
        ends = [end for says, end in fitting if (says, end) == max(fitting)]
        return [Match(each, end, text, certain=False) for end in ends for each in self._ends[end]]

    def _elsewhere(self, text: str, above: Iterable[list[str]], folder: str) -> list[Match]:
        """The saves of the same path in another checkout: one side names it from its root.

        So the longest tail is meant that is the other side's path; of one part it says nothing,
        unless the project's own folder stands before it.
        """
        if not absolute(text):
            found = (self._tails.get(place, ()) for places in above for place in places)
            saved = next((each for each in found if each), ())
            return [Match(each, text, text, certain=False) for each in saved]
        whole = normal(text)
        tails = [each for tail in _tails(whole) for each in _above(tail, tail, folder)]
        inside = _behind(whole, self._script_places.borders.name)
        ends = [each for each in tails if "/" in each]
        ends += [each for tail in inside for each in _above(tail, tail, folder)]
        for place in ends:
            saved = [each for each in self._places.get(place, ()) if not each.pushed]
            if saved:
                return [Match(each, place, text, certain=False) for each in saved]
        return []

    def _at(self, near: Iterable[list[str]], text: str) -> list[Match]:
        """The saves to one of these places; of a folder and one below it, the latter."""
        lowest = (next((each for each in above if each in self._places), None) for above in near)
        return [
            Match(saving, place, text)
            for place in lowest
            if place is not None
            for saving in self._places[place]
        ]

    def _fitting(self, near: Iterable[list[str]], text: str) -> list[Match]:
        """The saves whose pattern a place fits; of several patterns the one that says most."""
        fitting = [
            (weight(pattern), pattern, place)
            for pattern in self._patterns
            for above in near
            for place in above
            if fits(pattern, place) and not _is_owner_alone(pattern, place)
        ]
        most = max((each[0] for each in fitting), default=0)
        return [
            Match(saving, place, text)
            for says, pattern, place in fitting
            if says == most
            for saving in self._patterns[pattern]
        ]


def _telling_ends(value: Value) -> Iterator[str]:
    """The ends of paths with an unknown root that have two parts or more."""
    yield from (end for end in open_ends_of(value) if "/" in end and weight(end) >= _TELLING)


def _last_parts(place: str) -> Iterator[str]:
    """The ends of a path that have two parts or more, the longest first."""
    parts = place.strip("/~").split("/")
    yield from ("/".join(parts[first:]) for first in range(len(parts) - 1))


def _tails(place: str) -> Iterator[str]:
    """The ends of an absolute path that have two parts or more, the longest first."""
    parts = place.strip("/~").split("/")
    yield from ("/".join(parts[first:]) for first in range(1, len(parts) - 1))


def _behind(place: str, name: str) -> Iterator[str]:
    """What stands behind the project's own folder in a path."""
    parts = place.split("/")
    if name in parts[:-1] and name.lower() not in FOLDERS:
        yield "/".join(parts[parts.index(name) + 1 :])


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
