"""Places in messages, named from where the user stands, as the places of findings are.

A message says them from the project's root (`sub/train.py:4`), whoever reads it and from where: it
is kept in the cache and makes fingerprints. Read from a folder below the root, or from outside the
project, such a name would lead nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from loralint.diagnostics import Diagnostic, Skipped

Name = Callable[[str], str]
"""A file of the project as the user would name it."""

IsFile = Callable[[str], bool]
"""Whether the project has a file of a name."""

_ROW = re.compile(r":(?:cell \d+:)?\d+")
_BEGINS = re.compile(r"(?:^|(?<=[\s(`'\"\[,;]))")
PLACE = re.compile(r"[^\s(`]+:(?:cell \d+:)?\d+")
"""What looks like a place, where it does not matter whether it is one."""


def renamed(text: str, name: Name, is_file: IsFile) -> str:
    """A text with the files of the project that it names with a row named anew."""
    parts, done = [], 0
    for row in _ROW.finditer(text):
        start = _start(text, done, row.start(), is_file)
        if start is not None:
            parts += [text[done:start], name(text[start : row.start()])]
            done = row.start()
    return "".join((*parts, text[done:])) if parts else text


def _start(text: str, begin: int, end: int, is_file: IsFile) -> int | None:
    """Where the name of a file begins that ends at `end`: it may have spaces and brackets."""
    starts = (found.start() for found in _BEGINS.finditer(text, begin, end))
    return next((start for start in starts if start < end and is_file(text[start:end])), None)


def diagnostics(found: Iterable[Diagnostic], name: Name, is_file: IsFile) -> tuple[Diagnostic, ...]:
    """Findings whose messages name places as the user would."""

    def told(text: str) -> str:
        return renamed(text, name, is_file)

    return tuple(
        msgspec.structs.replace(
            one,
            message=told(one.message),
            related=tuple(
                msgspec.structs.replace(each, message=told(each.message)) for each in one.related
            ),
            fix=one.fix and msgspec.structs.replace(one.fix, message=told(one.fix.message)),
        )
        for one in found
    )


def skipped(found: Iterable[Skipped], name: Name, is_file: IsFile) -> tuple[Skipped, ...]:
    """The same of what was not decided."""
    return tuple(
        msgspec.structs.replace(one, reason=renamed(one.reason, name, is_file)) for one in found
    )
