"""Words of a command → what it runs: a tool of the ecosystem, or a Python script, with its flags.

Programs that run another one (`sudo`, `srun`, `docker run IMAGE`, `accelerate launch`) are looked
through; `bash -c "..."` is a script of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from loralint.catalog import commands as catalog
from loralint.catalog.commands import Tool
from loralint.facts import Absent, Known, Unknown, Value
from loralint.read.command_flags import Flag, flags_of
from loralint.read.shell_state import Command
from loralint.read.shell_values import Word, leaves, mapped
from loralint.source import Span

_COMMAND_FLAG = re.compile(r"-[a-z]*c")
_SETTING = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a command runs; `open` tells that more flags may be given than are seen."""

    command: Command
    tool: Tool | None = None
    script: Value = field(default_factory=Absent)
    module: str = ""
    plain: tuple[Word, ...] = ()
    flags: tuple[Flag, ...] = ()
    open: bool = False
    environment: dict[str, tuple[Value, Span]] = field(default_factory=dict)


def invocation(command: Command) -> Invocation | None:
    """What a command runs, where that is something that may load a model."""
    words = command.words
    texts = tuple(word.text for word in words)
    start = _start(command, texts)
    if start is None:
        return None
    tool, script, module, rest = start
    plain, flags, is_open = flags_of(words[rest:])
    given = {name: (value, command.span) for name, value in command.environment.items()}
    given.update(_settings(words[: rest or len(words)]))
    return Invocation(command, tool, script, module, plain, flags, is_open, given)


def inline(command: Command) -> tuple[str, Span] | None:
    """The script in `bash -c "script"`."""
    words = command.words
    for position, word in enumerate(words[:-2]):
        if word.text in catalog.SHELLS and _COMMAND_FLAG.fullmatch(words[position + 1].text):
            inner = words[position + 2]
            return (inner.text, inner.span) if isinstance(inner.value, Known) else None
        if position == 0 and not _runs_another(words[0].text, command):
            return None
    return None


# --- what is run --------------------------------------------------------------------------------

Start = tuple["Tool | None", Value, str, int]


def _start(command: Command, texts: tuple[str, ...]) -> Start | None:
    if command.image:
        tool = catalog.tool_of_image(command.image)
        if tool is not None and (texts[0].startswith("-") or not _at(command, texts, 0)):
            return tool, Absent(), "", 0
    found = _at(command, texts, 0)
    if found is not None:
        return _inner(command, texts, found)
    if _runs_another(texts[0], command):
        inner = _behind(command, texts, 1)
        return _inner(command, texts, inner) if inner is not None else None
    return _behind(command, texts, texts.index("--") + 1) if "--" in texts else None


def _inner(command: Command, texts: tuple[str, ...], found: Start) -> Start:
    """`python launch.py --gpus 8 -- python train.py`: what the script hands over to run."""
    inside = "--" in texts[found[3] :] and found[0] is None
    return (inside and _behind(command, texts, texts.index("--", found[3]) + 1)) or found


def _runs_another(program: str, command: Command) -> bool:
    return program.rpartition("/")[2] in catalog.PREFIXES


def _behind(command: Command, texts: tuple[str, ...], first: int) -> Start | None:
    """The first word from which on something known is run; an image where there is none."""
    for index in range(first, len(texts)):
        found = _at(command, texts, index)
        if found is not None:
            return found
    for index in range(first, len(texts)):
        tool = catalog.tool_of_image(texts[index]) if texts[index] else None
        if tool is not None:
            return tool, Absent(), "", index + 1
    return None


def _at(command: Command, texts: tuple[str, ...], index: int) -> Start | None:
    tool = catalog.tool_at(texts, index) if texts[index] else None
    if tool is not None:
        return tool[0], Absent(), "", index + tool[1]
    program = texts[index].rpartition("/")[2]
    if program in catalog.LAUNCHERS:
        return _launched(command, texts, index + 1)
    if catalog.is_python(texts[index]):
        return _python(command, texts, index + 1)
    words = command.words
    if index == 0 and len(words) > 1 and not texts[0] and _is_script(words[1]):
        return None, words[1].value, "", 2  # `$PYTHON train.py`
    behind = texts[index - 1] in ("run", "exec", "--", "") if index else True
    is_script = behind and _is_script(words[index])
    return (None, words[index].value, "", index + 1) if is_script else None


def _is_script(word: Word) -> bool:
    """Whether a word names a Python file, whatever its folder is."""
    return any(_ends(leaf) for leaf in leaves(word.value))


def _ends(leaf: Value) -> bool:
    text = getattr(leaf, "value", "")
    if isinstance(leaf, Unknown) and leaf.origin is not None:
        text = leaf.origin.text
    return isinstance(text, str) and text.endswith(".py") and "\n" not in text


def _python(command: Command, texts: tuple[str, ...], index: int) -> Start | None:
    words = command.words
    while index < len(words):
        if texts[index] == "-m":
            return _module(command, texts, index + 1)
        if _is_script(words[index]):
            return None, words[index].value, "", index + 1
        if texts[index] == "-c" or not texts[index].startswith("-"):
            return None
        index += 2 if texts[index] in ("-X", "-W") else 1
    return None


def _module(command: Command, texts: tuple[str, ...], index: int) -> Start | None:
    module = texts[index] if index < len(texts) else ""
    if module in ("accelerate.commands.launch", *catalog.LAUNCHERS):
        return _launched(command, texts, index + 1)
    tool = catalog.tool_of_module(module)
    return (tool, Absent(), "" if tool else module, index + 1) if module else None


def _launched(command: Command, texts: tuple[str, ...], index: int) -> Start | None:
    """Behind a launcher and its options: the script, or the module behind `-m`."""
    for position in range(index, len(texts)):
        if texts[position] in ("-m", "--module"):
            return _module(command, texts, position + 1)
        if _is_script(command.words[position]):
            return None, command.words[position].value, "", position + 1
        if position == index and (tool := catalog.tool_at(texts, position)) is not None:
            return tool[0], Absent(), "", position + tool[1]
    return None


def _settings(words: tuple[Word, ...]) -> Iterator[tuple[str, tuple[Value, Span]]]:
    """`env NAME=value` and `docker run -e NAME=value`."""
    for word in words:
        match = _SETTING.fullmatch(word.text)
        if match is not None:
            value = mapped(word.value, lambda text: text.partition("=")[2])
            yield match[1], (value, word.span)
