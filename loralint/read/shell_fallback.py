"""Commands in a piece of shell that does not parse: by `shlex`, a line at a time."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from loralint.facts import Known, Reason, Unknown
from loralint.read.shell_text import Environment
from loralint.read.shell_values import Word
from loralint.source import Span

_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*|\d)\}?")
_ENDS = frozenset({";", "&&", "||", "|", "&"})
LONGEST = 20_000
"""More text than this that is no shell is none at all."""


def commands(text: str, span: Span, environment: Environment) -> Iterator[list[Word]]:
    """The commands of a text; every word stands where the text does."""
    if len(text) > LONGEST or "<<" in text:
        return
    for line in text.replace("\\\n", " ").splitlines():
        try:
            parts = shlex.split(line, comments=True)
        except ValueError:
            continue
        yield from _of_line(parts, span, environment)


def _of_line(parts: list[str], span: Span, environment: Environment) -> Iterator[list[Word]]:
    words: list[Word] = []
    for part in [*parts, ";"]:
        if part in _ENDS:
            if words:
                yield words
            words = []
        else:
            words.append(_word(part, span, environment))


def _word(part: str, span: Span, environment: Environment) -> Word:
    match = _VARIABLE.fullmatch(part)
    value = environment.get(match[1]) if match is not None else None
    if value is not None and not isinstance(value, tuple):
        return Word(value, span)
    if "$" in part or "`" in part:
        return Word(
            Unknown(Reason.EXPRESSION, "in a command that does not parse"),
            span,
            part.partition("$")[0],
        )
    return Word(Known(part), span, part)
