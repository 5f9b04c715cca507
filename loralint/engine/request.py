"""What a run is asked for, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from loralint.config import Config
from loralint.diagnostics import Diagnostic, LeftOut, Skipped
from loralint.source import Source


@dataclass(frozen=True)
class Request:
    """One run: what to read, what to report, and how.

    `root` and `scopes` are absolute and without links. `targets` are files and folders (these
    with a slash at the end) relative to the root: only what touches them is reported; None
    reports all. `stdin` stands for the file of its path, whatever the disk holds; so do the files
    of `overlay`, by path, which a fix has changed and nobody has written yet.
    """

    root: str
    scopes: tuple[str, ...]
    config: Config
    targets: tuple[str, ...] | None = None
    stdin: Source | None = None
    overlay: Mapping[str, Source] = field(default_factory=dict)
    cached: bool = True
    cache_dir: str | None = None
    jobs: int | None = None
    scheduler: str | None = None
    honour_ignores: bool = True

    def reports(self, path: str) -> bool:
        """Whether a finding in this file is asked for."""
        if self.targets is None or path in self._asked:
            return True
        parts = path.split("/")[:-1]
        folders = ("/".join(parts[:depth]) + "/" for depth in range(1, len(parts) + 1))
        return not self._asked.isdisjoint(folders)

    @cached_property
    def typed(self) -> Mapping[str, Source]:
        """The files whose content is not the disk's, by path."""
        given = {self.stdin.path: self.stdin} if self.stdin is not None else {}
        return {**given, **self.overlay}

    @cached_property
    def _asked(self) -> frozenset[str]:
        return frozenset(self.targets or ())


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """The findings of a run, sorted, and what else there is to say about it.

    `files` counts what was read of what was asked for; 0 means that nothing was checked.
    `unused_settings` are settings files below the root: one run has one.
    `left_out` is what nobody looked at, because something in the project says so; `ignored` counts
    the findings that `per-file-ignores` silences.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    suppressed: int = 0
    baselined: int = 0
    files: int = 0
    unused_settings: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    ignored: int = 0
