"""Files that a command changes: shown as a diff, or written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from loralint.cli.output import say
from loralint.cli.session import Session
from loralint.source import Source
from loralint.writing import Refused, replace

CANNOT_WRITE = 2

Sources = Mapping[str, Source]
"""Files by path, as they were or as they are to be."""


def diff(session: Session, before: Sources, after: Sources, paths: Iterable[str]) -> str:
    """What changes in some files, as one unified diff."""
    from loralint.cli.loads import naming  # the rules with it: a plain check needs neither
    from loralint.fix.documents import unified

    name = naming(session).filename
    return "".join(unified(name(path), before[path].content, after[path].content) for path in paths)


def write(session: Session, before: Sources, after: Sources, paths: Iterable[str]) -> int:
    """Write some files, each for itself; CANNOT_WRITE where one of them could not be."""
    root = session.request.root
    return max((_written(root, path, before[path], after[path]) for path in paths), default=0)


def _written(root: str, path: str, old: Source, new: Source) -> int:
    try:
        replace(Path(root, path), new.content, old=old.content, root=Path(root))
    except Refused as error:
        say(f"error: {error}", err=True)
    except OSError as error:
        say(f"error: {path}: it cannot be written: {error.strerror}", err=True)
    else:
        return 0
    return CANNOT_WRITE


def put(path: Path, content: bytes, old: bytes | None, *, name: str, root: Path) -> None:
    """Write the one file that a command is about; without it there is no use in going on."""
    try:
        replace(path, content, old=old, root=root)
    except Refused as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"{name}: cannot be written: {error}") from error
