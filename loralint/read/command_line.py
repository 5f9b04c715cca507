"""Words of a command → what it runs: a tool of the ecosystem, or a Python script, with its flags.

Programs that run another one (`sudo`, `srun`, `docker run IMAGE`, `accelerate launch`) are looked
through; `bash -c "..."` is a script of its own. What a tool's flags load, `tools.py` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from loralint.catalog import commands as catalog
from loralint.catalog.commands import Tool
from loralint.facts import ABSENT, Choice, CommandFact, FlagFact, Known, Unknown, Value, leaves
from loralint.read.words import Command, Word, flag_value, mapped, rooted, text_of
from loralint.source import Span

_FLAG = re.compile(r"--?[A-Za-z_][\w.-]*")
_SHORT = re.compile(r"-[a-z]{1,3}")
_SETTING = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_SHELL_SCRIPT = re.compile(r"-[a-z]*c")


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag as it was given: its name as written, and its values with their places."""

    name: str
    values: tuple[Word, ...]
    span: Span
    optional: bool = False

    @property
    def role(self) -> str:
        """The name without dashes."""
        return catalog.role_name(self.name)

    @property
    def value(self) -> Value:
        """The value; True for a flag that stands alone."""
        return self.values[0].value if self.values else Known(True)

    @property
    def place(self) -> Span:
        """Where the value stands."""
        return self.values[0].span if self.values else self.span


@dataclass(frozen=True, slots=True)
class Start:
    """What the words up to `rest` say is run: a tool, a script, or a module.

    A script may be both: one that the project does not have is taken for the tool of its name.
    """

    rest: int
    tool: Tool | None = None
    script: Value = ABSENT
    module: str = ""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a command runs, with what; `open` tells that more flags may be given than are seen."""

    command: Command
    start: Start
    plain: tuple[Word, ...]
    flags: tuple[Flag, ...]
    open: bool
    environment: dict[str, tuple[Value, Span]]

    def fact(self) -> CommandFact | None:
        """The command as a fact; None for a tool that is given no configuration file."""
        tool = self.start.tool
        recipe = self.plain[0] if self.plain and catalog.is_recipe(self.plain[0].text) else None
        is_script = self.start.script != ABSENT
        if tool is not None and not is_script and (recipe is None or not tool.recipe):
            return None
        flags = (
            FlagFact(each.role, flag_value(rooted(each.value)), each.place, len(each.values) > 1,
                     each.optional)
            for each in self.flags
        )  # fmt: skip
        return CommandFact(
            span=self.command.span,
            script=self.start.script,
            module=self.start.module,
            tool=tool.name if tool is not None and not is_script else "",
            recipe=recipe.value if tool is not None and recipe is not None else ABSENT,
            folder=self.command.folder,
            flags=tuple(flags),
            text=self.command.text,
            open=self.open,
        )


def invocation(command: Command) -> Invocation | None:
    """What a command runs, where that is something that may load a model."""
    start = _Search(command).start()
    if start is None:
        return None
    words = command.words
    plain, flags, is_open = _flags(words[start.rest :])
    environment = {name: (value, command.span) for name, value in command.environment.items()}
    environment.update(_settings(words[: start.rest or len(words)]))
    return Invocation(command, start, plain, flags, is_open, environment)


def inline(command: Command) -> tuple[str, Span] | None:
    """The script in `bash -c "script"`."""
    words = command.words
    for position, word in enumerate(words[:-2]):
        if word.text in catalog.SHELLS and _SHELL_SCRIPT.fullmatch(words[position + 1].text):
            inner = words[position + 2]
            return (inner.text, inner.span) if isinstance(inner.value, Known) else None
        if position == 0 and not catalog.runs_another(word.text):
            return None
    return None


def _settings(words: tuple[Word, ...]) -> Iterator[tuple[str, tuple[Value, Span]]]:
    """`env NAME=value` and `docker run -e NAME=value`."""
    for word in words:
        match = _SETTING.fullmatch(word.text or word.lead)
        if match is not None:
            value = mapped(word.value, lambda text: text.partition("=")[2])
            yield match[1], (value, word.span)


# --- what is run --------------------------------------------------------------------------------


class _Search:
    """Looks through the words of a command for what it runs."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.words = command.words
        self.texts = tuple(word.text for word in command.words)

    def start(self) -> Start | None:
        texts = self.texts
        tool = catalog.tool_of_image(self.command.image) if self.command.image else None
        found = self._at(0)
        if tool is not None and (texts[0].startswith("-") or found is None):
            return Start(0, tool)
        if found is None and not catalog.runs_another(texts[0]):
            return self._behind(texts.index("--") + 1) if "--" in texts else None
        found = found or self._behind(1)
        if found is not None and found.tool is None and "--" in texts[found.rest :]:
            # `python launch.py --gpus 8 -- python train.py`: what the script hands over to run.
            return self._behind(texts.index("--", found.rest) + 1) or found
        return found

    def _behind(self, first: int) -> Start | None:
        """The first word from which on something known is run; an image where there is none."""
        for index in range(first, len(self.texts)):
            found = self._at(index)
            if found is not None:
                return found
        for index in range(first, len(self.texts)):
            tool = catalog.tool_of_image(self.texts[index]) if self.texts[index] else None
            if tool is not None:
                return Start(index + 1, tool)
        return None

    def _at(self, index: int) -> Start | None:
        """What the words from `index` on run."""
        texts, words = self.texts, self.words
        tool = catalog.tool_at(texts, index) if texts[index] else None
        if tool is not None:
            return Start(index + tool[1], tool[0])
        if texts[index].rpartition("/")[2] in catalog.LAUNCHERS:
            return self._launched(index + 1)
        if catalog.is_python(texts[index]):
            return self._python(index + 1)
        if index == 0 and len(words) > 1 and not texts[0] and _is_script(words[1]):
            return _of_script(2, words[1])  # `$PYTHON train.py`
        behind = texts[index - 1] in ("run", "exec", "--", "") if index else True
        is_script = behind and _is_script(words[index])
        return _of_script(index + 1, words[index]) if is_script else None

    def _python(self, index: int) -> Start | None:
        """Behind an interpreter and its options: the script, or the module behind `-m`."""
        while index < len(self.words):
            text = self.texts[index]
            if text == "-m":
                return self._module(index + 1)
            if _is_script(self.words[index]):
                return _of_script(index + 1, self.words[index])
            if text == "-c" or not text.startswith("-"):
                return None
            index += 2 if text in ("-X", "-W") else 1
        return None

    def _module(self, index: int) -> Start | None:
        module = self.texts[index] if index < len(self.texts) else ""
        if module in ("accelerate.commands.launch", *catalog.LAUNCHERS):
            return self._launched(index + 1)
        tool = catalog.tool_of_module(module)
        return Start(index + 1, tool, module="" if tool else module) if module else None

    def _launched(self, index: int) -> Start | None:
        """Behind a launcher and its options: the script, or the module behind `-m`."""
        tool = catalog.tool_at(self.texts, index) if index < len(self.texts) else None
        for position in range(index, len(self.texts)):
            if self.texts[position] in ("-m", "--module"):
                return self._module(position + 1)
            if _is_script(self.words[position]):
                return _of_script(position + 1, self.words[position])
            if position == index and tool is not None:
                return Start(position + tool[1], tool[0])
        return None


def _of_script(rest: int, word: Word) -> Start:
    """A script, which may be a tool that everybody has a copy of."""
    return Start(rest, catalog.tool_of_script(word.text), script=word.value)


def _is_script(word: Word) -> bool:
    """Whether a word names a Python file, whatever its folder is."""
    for leaf in leaves(word.value):
        text = text_of(leaf) or ""
        if isinstance(leaf, Unknown) and leaf.origin is not None:
            text = leaf.origin.text  # what is not known in it is its folder
        if text.endswith(".py") and "\n" not in text:
            return True
    return False


# --- flags --------------------------------------------------------------------------------------


def _flags(words: tuple[Word, ...]) -> tuple[tuple[Word, ...], tuple[Flag, ...], bool]:
    """Plain words, flags with their values, and whether there may be more flags."""
    plain: list[Word] = []
    flags: list[Flag] = []
    is_open = takes_values = False
    for word in words:
        name = _flag_name(word)
        last = flags[-1] if flags else None
        if name:
            value = _attached(word)
            values = (value,) if value is not None else ()
            flags.append(Flag(name, values, word.span, word.optional))
            takes_values = value is None and flags[-1].role not in catalog.VALUELESS
        elif last is not None and takes_values and not (word.open and last.values):
            flags[-1] = Flag(last.name, (*last.values, word), last.span, last.optional)
        else:
            is_open |= word.open and bool(plain or flags)
            is_truth = word.text.lower() in ("true", "false")  # behind a flag that may stand alone
            if last is not None and not last.values and is_truth:
                flags[-1] = Flag(last.name, (word,), last.span, last.optional)
            elif not (word.open and (plain or flags)):
                plain.append(word)
    unseen = words[len(plain) :]
    is_open |= any(each.open and isinstance(each.value, (Choice, Unknown)) for each in unseen)
    return tuple(plain), tuple(flags), is_open


def _flag_name(word: Word) -> str:
    text = word.lead if word.lead.startswith("-") else word.text
    match = _FLAG.match(text)
    if match is None or (not text.startswith("--") and len(match[0]) > 2 and "=" not in text):
        return text if _SHORT.fullmatch(text) else ""
    return match[0] if text[match.end() :][:1] in ("", "=") else ""


def _attached(word: Word) -> Word | None:
    """The value of `--name=value`."""
    if "=" not in word.lead and "=" not in word.text:
        return None
    if isinstance(word.value, Unknown):
        return Word(word.value, word.span, optional=word.optional)
    value = mapped(word.value, lambda text: text.partition("=")[2])
    return Word(value, word.span, word.lead.partition("=")[2], word.optional)
