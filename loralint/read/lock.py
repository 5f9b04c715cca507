"""A lock file → facts."""

from __future__ import annotations

import re

from loralint.facts import FileError, FileFacts, LockFacts
from loralint.lockfile import LockError, parse
from loralint.read.documents import TooLarge, check_toml
from loralint.source import START, Source

_ARTIFACT = re.compile(r"[ \t]*\[\[[ \t]*artifact[ \t]*\]\]")


def extract(source: Source) -> FileFacts:
    """Read a lock file; one that cannot be used gives facts with an error."""
    try:
        text = source.content.decode()
        check_toml(text)
        return FileFacts(path=source.path, lock=LockFacts(parse(text), _rows(text)))
    except TooLarge:
        message = "is too large for a lock file"
    except (LockError, UnicodeDecodeError) as error:
        message = str(error)
    return FileFacts(path=source.path, error=FileError(message, START))


def _rows(text: str) -> tuple[int, ...]:
    """The rows on which the tables of artifacts begin."""
    return tuple(row for row, line in enumerate(text.split("\n"), 1) if _ARTIFACT.match(line))
