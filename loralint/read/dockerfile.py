"""The commands of a Dockerfile: RUN, CMD and ENTRYPOINT, in their shell and exec form."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

from loralint.facts import Default
from loralint.read.shell_words import Fragment
from loralint.read.words import Environment, environment, unset_variable

_NAME = re.compile(r"(docker|container)file([._-].*)?|.*\.(docker|container)file", re.IGNORECASE)
_INSTRUCTION = re.compile(r"^\s*([A-Za-z]+)\s+(.*)$", re.DOTALL)
_FLAGS = re.compile(r"^(\s*--[a-z-]+(=\S+)?)+\s")
_REFERENCE = re.compile(r"\$\{?(\w+)\}?")
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\],]')
_PLAIN = (" ", "")
_LISTED = (', "', '"')


def is_one(name: str) -> bool:
    """Whether a file is one for docker."""
    return _NAME.fullmatch(name) is not None


def fragments(text: str) -> Iterator[Fragment]:
    """Each instruction that runs something."""
    environment: Environment = {}
    image, entry = "", ""
    for row, block in _instructions(text):
        match = _INSTRUCTION.match(block)
        if match is None:
            continue
        keyword = match[1].upper()
        if keyword == "FROM":
            image, entry = (match[2].split() or [""])[0], ""
        elif keyword in ("ENV", "ARG"):
            environment.update(_variables(match[2], keyword))
        elif keyword in ("RUN", "CMD", "ENTRYPOINT"):
            shown, words = _code(block, match.start(2))
            behind = entry if keyword == "CMD" else ""
            entry = words if keyword == "ENTRYPOINT" else entry
            blank = len(shown) - len(shown.lstrip(" "))
            column, first_column = 0, 1
            if behind:  # CMD holds the arguments of an ENTRYPOINT: one command, if it fits a row
                first_column = blank + 1
                if "\n" not in shown:
                    shown, column = f"{behind} {shown.lstrip(' ')}", blank - len(behind) - 1
            yield Fragment(shown, row, column, environment=dict(environment),
                           image=image if keyword == "CMD" and not entry else "",
                           margins=_LISTED if words else _PLAIN,
                           first_column=first_column)  # fmt: skip


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """Instructions with the lines that they go on in; comments between those are blanked."""
    lines = text.split("\n")
    row = 0
    while row < len(lines):
        first, end, block = lines[row].lstrip(), row, [lines[row]]
        is_text = bool(first) and not first.startswith("#")
        while end + 1 < len(lines) and is_text and block[-1].rstrip().endswith("\\"):
            end += 1
            comment = lines[end].lstrip().startswith("#") or not lines[end].strip()
            block.append("\\" if comment else lines[end].rstrip())
        if is_text:
            yield row, "\n".join(block)
        row = end + 1


def _code(block: str, start: int) -> tuple[str, str]:
    """The shell of an instruction at its place, and its words as the entry of a later CMD."""
    flags = _FLAGS.match(block[start:])
    start += flags.end() if flags is not None else 0
    before, body, words = re.sub(r"[^\n\\]|\\(?!\n)", " ", block[:start]), block[start:], ""
    if body.lstrip().startswith("["):
        try:
            words = shlex.join(map(str, json.loads(body.replace("\\\n", "  "))))
            body = exec_form(body)
        except (ValueError, RecursionError):
            pass  # it is run by a shell
    return before + body, words


def exec_form(body: str) -> str:
    """A JSON array as a command, every word at its place."""
    return _PIECE.sub(lambda m: m[0] if m[0].startswith('"') else " ", body)


def _variables(text: str, keyword: str) -> Environment:
    """`ENV NAME=value` and `ENV NAME value`; whoever runs the image may say otherwise."""
    try:
        words = shlex.split(text.replace("\\\n", " "))
    except ValueError:
        return {}
    if keyword == "ENV" and words and "=" not in words[0]:
        words = [f"{words[0]}={' '.join(words[1:])}"]
    found: Environment = {}
    for word in words:
        name, equals, value = word.partition("=")
        plain = bool(equals) and not _REFERENCE.search(value)
        found[name] = Default(value, environment(name)) if plain else unset_variable(name)
    return found
