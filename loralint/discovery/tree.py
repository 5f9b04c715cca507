"""The files of a project, and what would change them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from loralint.diagnostics import LeftOut, Skipped
from loralint.source import SourceKind
from loralint.stamps import Stamp


@dataclass
class Tree:
    """The files found, by path relative to the root, and what would change them.

    `folders` and `inputs` (.gitignore files) hold stamp and digest; an input is None where there
    is no such file. `repositories` are the folders that hold a `.git`. `unreadable` says of files
    why they cannot be read, `left_out` is what was not to be looked at.
    """

    root: str
    files: dict[str, SourceKind] = field(default_factory=dict)
    folders: dict[str, tuple[Stamp, bytes]] = field(default_factory=dict)
    inputs: dict[str, tuple[Stamp, bytes] | None] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    repositories: set[str] = field(default_factory=set)

    def relative(self, path: str) -> str:
        """An absolute path as the project names it."""
        inside = f"{self.root.rstrip(os.sep)}{os.sep}"
        relative = path[len(inside) :] if path.startswith(inside) else self._outside(path)
        return relative.replace(os.sep, "/")

    def _outside(self, path: str) -> str:
        return os.path.relpath(path, self.root)
