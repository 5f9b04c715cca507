"""Where the paths of scripts may lie: from the root, from beside them, from where they run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from posixpath import dirname

from loralint.facts import CommandFact, Known, Value
from loralint.project.borders import Borders, is_below
from loralint.source import START
from loralint.values import commands
from loralint.values.evaluator import Evaluator
from loralint.values.paths import absolute, normal

Options = Mapping[str, Value]


class ScriptPlaces:
    """The readings of the paths of a project's scripts."""

    def __init__(self, evaluator: Evaluator, borders: Borders) -> None:
        self._evaluator = evaluator
        self.borders = borders

    def of(self, text: str, script: str, options: Options) -> tuple[str, ...]:
        """Where a path may lie, in order: also from the folders that a command enters before.

        A script runs in the root of its repository, unless a command says otherwise, or beside
        itself. The folder of a command line is among its `options`.
        """
        if absolute(text):
            return (normal(text),)
        inside = {self.borders.repository(script), dirname(script)}
        inside.update(self._evaluator.commands.folders(script))
        folder = options.get("folder")
        if isinstance(folder, Known):
            own = CommandFact(span=START, folder=str(folder.value))
            inside.update(commands.Run(script, own).folders)
        return tuple(sorted({normal(f"{each}/{text}" if each else text) for each in inside}))

    def of_all(self, texts: Iterable[str], script: str, options: Options) -> tuple[str, ...]:
        """The same for several paths."""
        found = (self.of(text, script, options) for text in texts if text)
        return tuple(dict.fromkeys(place for each in found for place in each))

    def is_for_both(self, place: str, one: str, other: str) -> bool:
        """Whether a place that two scripts name means one folder to both.

        Two subprojects each mean a folder of their own, unless one names the other's.
        """
        borders = self.borders
        if place.startswith("/") or absolute(place) or not borders.are_apart(one, other):
            return True
        owners = (folder(each) for each in (one, other)
                  for folder in (borders.subproject, borders.repository))  # fmt: skip
        return any(owner and is_below(place, owner) for owner in owners)

    def is_bare(self, place: str, script: str) -> bool:
        """Whether a place is one name in the root of its script's repository."""
        root = self.borders.repository(script)
        return "/" not in (place[len(root) + 1 :] if root and is_below(place, root) else place)
