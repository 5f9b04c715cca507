"""The commands of a Dockerfile: RUN, CMD and ENTRYPOINT, in their shell and exec form."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

from loralint.facts import Default, Origin, OriginKind, Reason, Unknown
from loralint.read.shell_text import Environment, Fragment

_NAME = re.compile(r"(docker|container)file([._-].*)?|.*\.(docker|container)file", re.IGNORECASE)
_INSTRUCTION = re.compile(r"^\s*([A-Za-z]+)\s+(.*)$", re.DOTALL)
_FLAGS = re.compile(r"^(\s*--[a-z-]+(=\S+)?)+\s")
_REFERENCE = re.compile(r"\$\{?(\w+)\}?")
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\],]')
_PLAIN = (" ", "")
_LISTED = (', "', '"')
_CODE = frozenset({"RUN", "CMD", "ENTRYPOINT"})


def is_one(name: str) -> bool:
    """Whether a file is one for docker."""
    return _NAME.fullmatch(name) is not None


def fragments(path: str, text: str) -> Iterator[Fragment]:
    """Each instruction that runs something."""
    environment: Environment = {}
    image, entry = "", ""
    for row, block in _instructions(text):
        match = _INSTRUCTION.match(block)
        keyword = match[1].upper() if match is not None else ""
        if match is None:
            continue
        if keyword == "FROM":
            image, entry = (match[2].split() or [""])[0], ""
        elif keyword in ("ENV", "ARG"):
            environment.update(_variables(match[2], keyword))
        elif keyword in _CODE:
            shown, words = _code(block, match.start(2))
            margins = _LISTED if words else _PLAIN
            behind = entry if keyword == "CMD" else ""
            entry = words if keyword == "ENTRYPOINT" else entry
            own = len(shown) - len(shown.lstrip(" ")) + 1 if behind else 1
            yield Fragment(*_behind(behind, shown, row), environment=dict(environment),
                           image=image if keyword == "CMD" and not entry else "",
                           margins=margins, first_column=own)  # fmt: skip


def _behind(entry: str, shown: str, row: int) -> tuple[str, int, int]:
    """`CMD` holds the arguments of an `ENTRYPOINT`: both are one command, where they fit a row."""
    blank = len(shown) - len(shown.lstrip(" "))
    if not entry or "\n" in shown:
        return shown, row, 0
    return entry + " " + shown.lstrip(" "), row, blank - len(entry) - 1


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """Instructions with the lines that they go on in; comments between those are blanked."""
    lines = text.split("\n")
    row = 0
    while row < len(lines):
        end = row
        block = [lines[row]]
        while end + 1 < len(lines) and (block[-1].rstrip().endswith("\\") and _is_text(block[0])):
            end += 1
            comment = lines[end].lstrip().startswith("#") or not lines[end].strip()
            block.append("\\" if comment else lines[end].rstrip())
        if _is_text(lines[row]):
            yield row, "\n".join(block)
        row = end + 1


def _is_text(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _code(block: str, start: int) -> tuple[str, str]:
    """The shell of an instruction at its place, and its words as the entry of a later CMD."""
    body = block[start:]
    flags = _FLAGS.match(body)
    if flags is not None:
        start, body = start + flags.end(), body[flags.end() :]
    if not body.lstrip().startswith("["):
        return _blank(block[:start]) + body, ""
    try:
        words = json.loads(body.replace("\\\n", "  "))
    except (ValueError, RecursionError):
        return _blank(block[:start]) + body, ""
    return _blank(block[:start]) + exec_form(body), shlex.join(map(str, words))


def exec_form(body: str) -> str:
    """A JSON array as a command, every word at its place."""
    return _PIECE.sub(lambda m: m[0] if m[0].startswith('"') else " ", body)


def _blank(text: str) -> str:
    return re.sub(r"[^\n\\]|\\(?!\n)", " ", text)


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
        origin = Origin(OriginKind.ENVIRONMENT, name=(name,))
        plain = bool(equals) and not _REFERENCE.search(value)
        found[name] = (
            Default(value, origin) if plain else Unknown(Reason.OUTSIDE, "not set here", origin)
        )
    return found
