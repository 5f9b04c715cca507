"""The recipes of a Makefile, as pieces of shell with the variables that make sets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loralint.facts import Default, Known, Value
from loralint.read.shell_words import Fragment
from loralint.read.words import Environment, environment, joined, unfollowed, unset_variable

_NAME = re.compile(r"(?i:gnu)?makefile(\..*)?|.*\.mk", re.IGNORECASE)
_ASSIGNMENT = re.compile(
    r"^(?:export\s+|override\s+)*([A-Za-z_][\w.-]*)\s*(::?:?=|\?=|\+=|=)[ \t]*(.*)$"
)
_TARGET = re.compile(r"^[^\t#=][^=]*?::?(?!=)")
_REFERENCE = re.compile(r"\$[({]([A-Za-z_]\w*)[)}]")
_CALL = re.compile(r"\$\(([A-Za-z_]\w*)\)")

LONGEST = 10_000
"""Nobody writes a longer line of a recipe, and what is no shell costs the square of its length."""


def is_one(name: str) -> bool:
    """Whether a file is one for make."""
    return _NAME.fullmatch(name) is not None


def fragments(text: str) -> Iterator[Fragment]:
    """Each line of each recipe, joined with those that it goes on in: a shell of its own."""
    lines = text.split("\n")
    environment = _variables(lines)
    for row, block in _blocks(lines):
        if len(block) <= LONGEST:
            head = block.find(";") + 1 if _TARGET.match(block) else 0
            if block.startswith("\t") or head:
                text = _shell(" " * head + block[head:])
                yield Fragment(text, row, environment=environment)


def rows_too_long(text: str) -> Iterator[int]:
    """The rows at which lines of recipes begin that are too long to be read."""
    for row, block in _blocks(text.split("\n")):
        if len(block) > LONGEST and block.startswith("\t"):
            yield row + 1


def _blocks(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The lines, each joined with those that it goes on in, by the row where it begins."""
    row = 0
    while row < len(lines):
        end = row
        while end + 1 < len(lines) and lines[end].endswith("\\"):
            end += 1
        yield row, "\n".join(lines[row : end + 1])
        row = end + 1


def _shell(block: str) -> str:
    """What make hands to the shell, every character at its place."""
    text = re.sub(r"^(\s*)([@+-]+)", lambda m: m[1] + " " * len(m[2]), block)
    text = _CALL.sub(r"${\1}", text)
    return text.replace("$$", " $")


def _variables(lines: list[str]) -> Environment:
    """The variables that a Makefile sets; what the environment sets wins over `?=` only."""
    found: dict[str, Value] = {}
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).split("\n"):
        match = _ASSIGNMENT.match(line)
        if match is None:
            continue
        name, operator, text = match.groups()
        value, before = _value(text.partition(" #")[0].strip(), found), found.get(name)
        if operator == "+=" and before is not None:
            value = joined([before, Known(" "), value])
        elif operator == "?=" and isinstance(value, Known):
            value = before if before is not None else Default(value.value, environment(name))
        found[name] = value
    return dict(found)


def _value(text: str, known: dict[str, Value]) -> Value:
    """A value with the variables that stand above it."""
    parts: list[Value] = []
    at = 0
    for match in _REFERENCE.finditer(text):
        parts += (Known(text[at : match.start()]), known.get(match[1]) or unset_variable(match[1]))
        at = match.end()
    rest = text[at:]
    if "$(" in rest or "${" in rest:
        return unfollowed("what make computes")
    return joined([*parts, Known(rest)])
