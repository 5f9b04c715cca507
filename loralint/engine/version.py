"""Which loralint this is, to the byte: a cache made by another one is not read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from loralint import __version__
from loralint.read import FRONTEND_VERSION
from loralint.stamps import digest

PACKAGE = Path(__file__).parents[1]
NOT_JUDGING = frozenset({"cli", "reporters", "verify", "__pycache__"})
"""Parts that do not change what is found."""


def version() -> str:
    """The release and, as a working copy changes without one, the stamps of its modules."""
    modules = "\0".join(_modules(PACKAGE))
    return digest(f"{__version__} {FRONTEND_VERSION} {modules}".encode()).hex()


def _modules(folder: Path) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:  # in a zip file: the release alone has to do
        return
    for entry in entries:
        if entry.name in NOT_JUDGING:
            continue
        if entry.is_dir():
            yield from _modules(Path(entry.path))
        elif entry.name.endswith(".py"):
            status = entry.stat()
            yield f"{entry.name} {status.st_mtime_ns} {status.st_size}"
