"""The settings of a run as plain data: what to check, how firmly, and what to accept.

`load.py` reads them from files and flags, `selectors.py` says which rules a selector names and
`globs.py` which paths a pattern names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from loralint.config.globs import compiled
from loralint.diagnostics import Severity

Policy = Literal["commit", "ref", "any"]
SideStage = Literal["train", "infer"]
FailOn = Literal["error", "warning", "info", "never"]

BUILT_IN_POLICIES: tuple[tuple[str, Policy], ...] = (("*-internal-testing/*", "any"),)

DEFAULT_EXCLUDE: tuple[str, ...] = (
    *(".git", ".hg", ".svn", ".bzr", ".direnv", ".eggs", "*.egg-info"),
    *(".tox", ".nox", ".venv", "venv", "site-packages", "__pypackages__"),
    *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".loralint_cache", ".pytype", ".pyre"),
    *("__pycache__", ".ipynb_checkpoints", "node_modules", ".idea", ".vscode"),
    *("build", "dist", "_build", ".hypothesis", ".dvc"),
)
"""What is left out from the start, as lines of a .gitignore; `exclude` replaces all of it."""


class ConfigError(Exception):
    """A setting that cannot be used: the message names the file, the key and what to do.

    `field` is the field of `Config` at fault, where the one who raises does not know who set it.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class PairSetting:
    """A `[[tool.loralint.pair]]` table: which file trains, which one loads the adapter."""

    train: str
    infer: str
    adapter: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The effective settings.

    `select` is None where nobody chose: then the rules that are on by default run. Globs of
    paths are relative to the project's root.
    """

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    policies: tuple[tuple[str, Policy], ...] = BUILT_IN_POLICIES
    stages: tuple[tuple[str, SideStage], ...] = ()
    pairs: tuple[PairSetting, ...] = ()
    severity: Mapping[str, Severity] = field(default_factory=dict)
    fail_on: FailOn = "warning"
    baseline: str | None = None
    hub_endpoint: str | None = None
    strict: bool = False

    def policy(self, repo_id: str) -> Policy | None:
        """How firmly this repo must be pinned; None where no glob speaks of it.

        The most specific glob wins: one without wildcards, then the one with more literal
        characters, then the later one, so that a setting overrides a built-in.
        """
        fitting = [entry for entry in self.policies if fnmatchcase(repo_id, entry[0])]
        ranked = sorted(fitting, key=lambda entry: _specificity(entry[0]))
        return ranked[-1][1] if ranked else None

    def stage(self, path: str) -> SideStage | None:
        """What the settings say that this file does; the last glob that fits wins."""
        fitting = [stage for glob, stage in self.stages if matches(path, (glob,))]
        return fitting[-1] if fitting else None

    def ignored_in(self, path: str) -> tuple[str, ...]:
        """The selectors of rules that `per-file-ignores` silences in this file."""
        globs = (glob for glob in self.per_file_ignores if matches(path, (glob,)))
        return tuple(selector for glob in globs for selector in self.per_file_ignores[glob])


def _specificity(glob: str) -> tuple[bool, int]:
    literal = sum(character not in "*?[]" for character in glob)
    return literal == len(glob), literal


def matches(path: str, globs: tuple[str, ...]) -> bool:
    """Whether a path relative to the project's root is named by the globs, last match first."""
    return bool(globs) and compiled(tuple(map(_plain, globs))).match(path)


def _plain(glob: str) -> str:
    return glob.removeprefix("./")
