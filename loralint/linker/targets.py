"""Saved artifacts, found again by whoever loads them: by path, by Hub id, by who decides."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname
from typing import TYPE_CHECKING

from loralint.facts import CommandFact, Known, Value
from loralint.linker import commands
from loralint.linker.instances import Sighting
from loralint.linker.paths import absolute, normal, places
from loralint.linker.saving import Saving
from loralint.linker.values import origins_of, texts_of
from loralint.source import START

if TYPE_CHECKING:
    from loralint.linker.machine import Machine

_SNAPSHOT = re.compile(r"models--(.+?)--(.+)/snapshots/")


class Targets:
    """The saves of a project by where they go."""

    def __init__(self, savings: Iterable[Saving], machine: Machine) -> None:
        self._machine = machine
        self._places: defaultdict[str, list[Saving]] = defaultdict(list)
        self._origins: defaultdict[str, list[Saving]] = defaultdict(list)
        for saving in savings:
            if saving.artifact in ("tokenizer", "processor", "config", "dataset"):
                continue
            script = _script(saving)
            for text in texts_of(saving.target):
                options = saving.written.options if saving.written is not None else ()
                for place in self._places_of(text, script, dict(options)):
                    self._places[place].append(saving)
            for origin in origins_of(saving.target):
                self._origins[origin].append(saving)

    def matching(self, sighting: Sighting) -> Iterator[tuple[Saving, str]]:
        """The saves of what is loaded, with how the place is called.

        Of scripts that all save to `lora_model`, the one beside the loading script is meant.
        """
        found = {id(saving): (saving, shown) for saving, shown in self._all(sighting)}
        folder = dirname(sighting.path)
        beside = [pair for pair in found.values() if dirname(_script(pair[0])) == folder]
        yield from beside or found.values()

    def _all(self, sighting: Sighting) -> Iterator[tuple[Saving, str]]:
        repo_id = sighting.load.site.repo_id
        for text in texts_of(repo_id):
            options = dict(sighting.load.site.options)
            for place in self._places_of(text, sighting.path, options):
                for above in _with_parents(place):
                    yield from ((each, text) for each in self._places.get(above, ()))
        for origin in origins_of(repo_id):
            for each in _beginnings(origin):
                shown = each.rpartition(":")[2]
                yield from ((saving, shown) for saving in self._origins.get(each, ()))


    def _places_of(self, text: str, script: str, options: Mapping[str, Value]) -> frozenset[str]:
        """Where a path may lie: also from the folders that a command enters before."""
        folder = options.get("folder")
        inside = set(commands.folders(self._machine, script))
        if isinstance(folder, Known):
            own = commands.Run(script, CommandFact(span=START, folder=str(folder.value)))
            inside |= set(own.folders)
        more = (normal(f"{each}/{text}") for each in inside if not absolute(text))
        return places(text, script) | frozenset(more)


def _script(saving: Saving) -> str:
    """The file on whose side something is saved."""
    return saving.frame.chain[-1][0] if saving.frame.chain else saving.site[0]


def _with_parents(place: str) -> Iterator[str]:
    """A path and the folders above it, but not the root of all."""
    while place and place not in ("/", ".", "~"):
        yield place
        place = place.rpartition("/")[0]


def _beginnings(origin: str) -> Iterator[str]:
    """Who decides a path, and who decides the folder above: `{train.py:args.out}/final`."""
    yield origin
    match = re.match(r"\{([^{}]+)\}/", origin)
    if match is not None:
        yield match[1]
    while origin.startswith("{") and "/" in origin:
        origin = origin.rpartition("/")[0]
        yield origin


def names_of(value: Value) -> tuple[str, ...]:
    """What makes two bases the same: the Hub id, or who decides it."""
    names = [_snapshot_of(text) for text in texts_of(value)]
    return tuple(dict.fromkeys((*names, *origins_of(value))))


def _snapshot_of(text: str) -> str:
    match = _SNAPSHOT.search(text)
    return f"{match[1]}/{match[2]}" if match is not None else text
