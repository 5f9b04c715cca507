"""The recipes of a Makefile, as pieces of shell with the variables that make sets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loralint.facts import Default, Known, Origin, OriginKind, Reason, Unknown, Value
from loralint.read.shell_text import Environment, Fragment
from loralint.read.shell_values import joined

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
    row = 0
    while row < len(lines):
        end = row
        while end + 1 < len(lines) and lines[end].endswith("\\"):
            end += 1
        block = "\n".join(lines[row : end + 1])
        if len(block) > LONGEST:
            row = end + 1
            continue
        if block.startswith("\t"):
            yield Fragment(_shell(block), row, environment=environment)
        elif _TARGET.match(block) and ";" in block:
            head = block.index(";") + 1
            yield Fragment(_shell(" " * head + block[head:]), row, environment=environment)
        row = end + 1


def _shell(block: str) -> str:
    """What make hands to the shell, every character at its place."""
    text = re.sub(r"^(\s*)([@+-]+)", lambda m: m[1] + " " * len(m[2]), block)
    text = _CALL.sub(r"${\1}", text)
    return text.replace("$$", " $")


def _variables(lines: list[str]) -> Environment:
    found: Environment = {}
    joined_lines = re.sub(r"\\\n\s*", " ", "\n".join(lines)).split("\n")
    for line in joined_lines:
        match = _ASSIGNMENT.match(line)
        if match is not None:
            name, operator, text = match.groups()
            value = _value(text.partition(" #")[0].strip(), found)
            found[name] = _assigned(found.get(name), operator, value, name)  # type: ignore[arg-type]
    return found


def _assigned(before: Value | None, operator: str, value: Value, name: str) -> Value:
    if operator == "+=" and before is not None:
        return joined([before, Known(" "), value])
    if operator == "?=" and isinstance(value, Known):
        return (
            before
            if before is not None
            else Default(value.value, Origin(OriginKind.ENVIRONMENT, name=(name,)))
        )
    return value


def _value(text: str, known: Environment) -> Value:
    """A value with the variables that stand above it."""
    parts: list[Value] = []
    at = 0
    for match in _REFERENCE.finditer(text):
        parts.append(Known(text[at : match.start()]))
        found = known.get(match[1])
        unset = Unknown(
            Reason.OUTSIDE,
            "a variable that is not set here",
            Origin(OriginKind.ENVIRONMENT, name=(match[1],)),
        )
        parts.append(unset if found is None or isinstance(found, tuple) else found)
        at = match.end()
    rest = text[at:]
    if "$(" in rest or "${" in rest:
        return Unknown(Reason.EXPRESSION, "what make computes")
    return joined([*parts, Known(rest)])
