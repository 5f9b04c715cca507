"""Where a command line takes one more flag: behind the word that names the model.

In shell that is behind a space; in a JSON array or a YAML list it is an item of its own; what a
tool takes as `name=value,name=value` goes inside the word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from loralint.facts import LoadSite
from loralint.read.shell_state import Command
from loralint.source import Span


def behind(command: Command, span: Span) -> Span | None:
    """The place behind a word; None where it is not one of the command's own text."""
    whole = command.span
    inside = whole.start <= span.start and span.end <= whole.end and span != whole
    if not inside or command.margins is None or span.start.column < command.first_column:
        return None
    return Span(span.end, span.end)


def placed(load: LoadSite, lines: Sequence[str]) -> LoadSite:
    """A load with the place of a flag's part inside its word; `lines` are those of the file."""
    at = load.insert_at
    if at is None or not load.revision_key.inside:
        return load
    line = lines[at.end.row - 1] if at.end.row <= len(lines) else ""
    return msgspec.structs.replace(load, insert_at=_inside(line, load.span), margins=(",", ""))


def _inside(line: str, word: Span) -> Span | None:
    """Behind the model in `pretrained=org/name,dtype=auto`."""
    if word.start.row != word.end.row:
        return None
    found = list(_MODEL.finditer(line, word.start.column - 1, word.end.column - 1))
    if len(found) != 1:
        return None
    end = found[0].end() + 1
    return Span.of(word.end.row, end, word.end.row, end)


_MODEL = re.compile(r"""\bpretrained=[^,"'\s]+""")
