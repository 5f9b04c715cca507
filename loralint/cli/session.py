"""From paths and options to what the engine is asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loralint import engine
from loralint.config import ConfigError
from loralint.config.load import Settings, load
from loralint.discovery.kinds import BY_SUFFIX, kind_of
from loralint.engine.request import Outcome, Request
from loralint.read.cells import lines_of
from loralint.reading import LARGEST_NOTEBOOK, read_whole
from loralint.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loralint.engine.gathering import Gathered
    from loralint.fix.applying import Mended

BASELINE = ".loralint-baseline.json"
"""A baseline of this name at the project's root is used without being named."""


@dataclass(frozen=True)
class Reading:
    """The options of `options.reading`, as click hands them over."""

    config_file: str | None = None
    isolated: bool = False
    no_cache: bool = False
    cache_dir: str | None = None
    jobs: int | None = None
    scheduler: str | None = None


@dataclass(frozen=True)
class Session:
    """One command's project: its settings, and the request that says what to read.

    `isolated` tells that no settings file was wanted.
    """

    settings: Settings
    request: Request
    isolated: bool = False

    def check(self) -> Outcome:
        """The findings."""
        with self._naming_who_set_it():
            return engine.check(self.request)

    def mend(self, *, unsafe: bool) -> Mended:
        """The findings that fixes leave, and the files as they should be; nothing is written."""
        from loralint.fix.applying import ALL, SAFE, mend

        with self._naming_who_set_it():
            return mend(self.request, ALL if unsafe else SAFE)

    def gather(self) -> Gathered:
        """The linked project."""
        with self._naming_who_set_it():
            return engine.gather(self.request)

    @cached_property
    def prefix(self) -> str:
        """What leads from the working directory to the root."""
        relative = _relative(Path(self.request.root), Path.cwd())
        return "" if relative == "." else relative

    @cached_property
    def working_directory(self) -> str:
        """The working directory below the root, or nothing where it is not."""
        here, root = Path.cwd(), Path(self.request.root)
        return here.relative_to(root).as_posix() if root in here.parents else ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether the user stands in another folder than the root: names then differ."""
        return bool(self.prefix)

    def is_file(self, path: str) -> bool:
        """Whether the project has a file of a name, relative to its root."""
        try:
            return Path(self.request.root, path).is_file()
        except (OSError, ValueError):
            return False

    def lines(self, path: str, cell: int | None) -> Sequence[str]:
        """The lines of a file of the project, as they are now."""
        stdin = self.request.stdin
        if stdin is not None and path == stdin.path:
            return lines_of(stdin.content, cell)
        return _lines(Path(self.request.root, path), cell)

    @contextmanager
    def _naming_who_set_it(self) -> Iterator[None]:
        try:
            yield
        except ConfigError as error:
            if error.field is None:
                raise
            where = self.settings.origins.get(error.field, error.field)
            raise ConfigError(f"{where}: {error}") from error


@lru_cache(maxsize=64)
def _lines(path: Path, cell: int | None) -> Sequence[str]:
    return lines_of(read_whole(path, LARGEST_NOTEBOOK), cell)


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder).replace(os.sep, "/")


def open_session(
    paths: Sequence[str],
    reading: Reading,
    flags: Mapping[str, Any] | None = None,
    *,
    stdin_filename: str | None = None,
    honour_ignores: bool = True,
    honour_baseline: bool = True,
) -> Session:
    """Find the project around some paths, and its settings."""
    named = _existing(paths, stdin_filename)
    typed = Path(stdin_filename).resolve() if stdin_filename else None
    asked = [*named, typed] if typed else named
    settings = _settings(_common_folder(asked), reading, flags)
    if not honour_baseline:
        settings = replace(settings, config=replace(settings.config, baseline=None))
    folders_only = typed is None and all(path.is_dir() for path in named)
    scopes = named if folders_only else [settings.root, *named]
    request = Request(
        root=str(settings.root),
        scopes=tuple(map(str, scopes)),
        config=settings.config,
        targets=None if folders_only else _targets(settings.root, asked),
        stdin=_stdin(typed, settings.root) if typed else None,
        cached=not reading.no_cache,
        cache_dir=reading.cache_dir,
        jobs=reading.jobs,
        scheduler=reading.scheduler,
        honour_ignores=honour_ignores,
    )
    return Session(settings, request, reading.isolated)


def _existing(paths: Sequence[str], stdin_filename: str | None) -> list[Path]:
    """The paths, absolute and without links; `-` is standard input."""
    if "-" in paths and stdin_filename is None:
        raise click.UsageError("`-` needs --stdin-filename: which file does standard input hold?")
    named = [Path(path) for path in paths if path != "-"]
    if not named and stdin_filename is None:
        named = [Path()]
    for path in named:
        if not path.exists():
            raise click.UsageError(f"{path}: no such file or directory")
    return [path.resolve() for path in named]


def _common_folder(paths: Sequence[Path]) -> Path:
    folders = [path if path.is_dir() else path.parent for path in paths]
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:
        raise click.UsageError("the paths have no folder in common") from None


def _settings(start: Path, reading: Reading, flags: Mapping[str, Any] | None) -> Settings:
    file = Path(reading.config_file) if reading.config_file else None
    if file is not None and not file.is_file():
        raise click.UsageError(f"--config {file}: there is no such file")
    settings = load(start, file=file, isolated=reading.isolated, flags=flags)
    implied = settings.root / BASELINE
    if settings.config.baseline is None and not reading.isolated and implied.is_file():
        config = replace(settings.config, baseline=str(implied))
        settings = replace(
            settings, config=config, origins={**settings.origins, "baseline": "found"}
        )
    return settings


def _targets(root: Path, paths: Sequence[Path]) -> tuple[str, ...] | None:
    """What is reported where a file was named: it is read with the project around it."""
    if root in paths:
        return None
    names = {f"{_relative(path, root)}{'/' if path.is_dir() else ''}" for path in paths}
    return tuple(sorted(names))


def _stdin(path: Path, root: Path) -> Source:
    kind = kind_of(path.name)
    if kind is None:
        known = ", ".join(BY_SUFFIX)
        raise click.UsageError(f"--stdin-filename {path.name}: loralint reads {known} files")
    return Source(_relative(path, root), kind, sys.stdin.buffer.read())
