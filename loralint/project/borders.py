"""Repositories and subprojects: from where the relative paths of a script may lead.

A repository has its own working directory, so `out/a` in one is never `out/a` in another. Of two
subprojects side by side, each with requirements of its own, that is as likely; a script of the
whole project reaches into both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from posixpath import basename, dirname

_MARKS = frozenset(
    "pyproject.toml setup.py setup.cfg requirements.txt environment.yml environment.yaml".split()
)
"""Files that a project has once, in its own folder."""

_LISTS = frozenset("requirements.txt environment.yml environment.yaml".split())
"""Those of them that also one part of a project may have, to be installed alone."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the files of a project lie: the name of its folder, the repositories in it."""

    name: str = ""
    repositories: frozenset[str] = frozenset()


class Borders:
    """The repositories and subprojects below the root of what is read."""

    def __init__(self, files: Iterable[str], around: Surroundings) -> None:
        self.name = around.name
        self._repositories = around.repositories
        marks = [(dirname(path), basename(path)) for path in files if basename(path) in _MARKS]
        self._subprojects = frozenset(folder for folder, _ in marks)
        self._whole = frozenset(folder for folder, name in marks if name not in _LISTS)

    def repository(self, script: str) -> str:
        """The folder of the innermost repository that a script stands in, "" for the root."""
        return _innermost(dirname(script), self._repositories)

    def in_one_repository(self, one: str, other: str) -> bool:
        """Whether two scripts belong to one repository."""
        return self.repository(one) == self.repository(other)

    def are_apart(self, one: str, other: str) -> bool:
        """Whether two scripts belong to different repositories, or to subprojects side by side."""
        if not self.in_one_repository(one, other):
            return True
        first, second = self.subproject(one), self.subproject(other)
        return not is_below(first, second) and not is_below(second, first)

    def are_parts_of_one(self, one: str, other: str) -> bool:
        """Whether two subprojects may be parts of one project that have lists of their own."""
        folders = {self.subproject(one), self.subproject(other)}
        around = (_innermost(dirname(each), self._subprojects) for each in folders)
        marked = all(each in self._subprojects for each in around)
        return marked and self.in_one_repository(one, other) and not folders & self._whole

    def subproject(self, script: str) -> str:
        """The folder of the innermost subproject that a script stands in, "" for the root."""
        return _innermost(dirname(script), self._subprojects)


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it."""
    return not folder or f"{path}/".startswith(f"{folder}/")


def _innermost(folder: str, marked: frozenset[str]) -> str:
    while folder and folder not in marked:
        folder = dirname(folder)
    return folder
