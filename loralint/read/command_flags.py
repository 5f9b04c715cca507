"""The flags of a command with their values."""

from __future__ import annotations

import re
from dataclasses import dataclass

from loralint.catalog import commands as catalog
from loralint.facts import Choice, Known, Unknown, Value
from loralint.read.shell_values import Word, mapped
from loralint.source import Span

_FLAG = re.compile(r"--?[A-Za-z_][\w.-]*")


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


def flags_of(words: tuple[Word, ...]) -> tuple[tuple[Word, ...], tuple[Flag, ...], bool]:
    """Plain words in front and flags with their values."""
    plain: list[Word] = []
    flags: list[Flag] = []
    values: list[Word] | None = None
    is_open = False
    for word in words:
        name = _flag_name(word)
        if name:
            attached = _attached(word, name)
            flags.append(Flag(name, tuple(attached), word.span, word.optional))
            values = None if attached or _stands_alone(flags[-1].role) else []
        elif values is None or (word.open and values):
            is_open |= word.open and bool(plain or flags)
            _take(word, plain, flags)
        else:
            values.append(word)
            flags[-1] = Flag(flags[-1].name, tuple(values), flags[-1].span, flags[-1].optional)
    return tuple(plain), tuple(flags), is_open or _may_hold_flags(words[len(plain) :])


def _take(word: Word, plain: list[Word], flags: list[Flag]) -> None:
    """A plain word; `true` behind a flag that may stand alone belongs to it."""
    last = flags[-1] if flags else None
    if last is not None and not last.values and word.text.lower() in ("true", "false"):
        flags[-1] = Flag(last.name, (word,), last.span, last.optional)
    elif not (word.open and (plain or flags)):
        plain.append(word)


def _stands_alone(role: str) -> bool:
    return role in catalog.VALUELESS


def _flag_name(word: Word) -> str:
    text = word.lead if word.lead.startswith("-") else word.text
    match = _FLAG.match(text)
    if match is None or (not text.startswith("--") and len(match[0]) > 2 and "=" not in text):
        return text if re.fullmatch(r"-[a-z]{1,3}", text) else ""
    return match[0] if text[match.end() :][:1] in ("", "=") else ""


def _attached(word: Word, name: str) -> list[Word]:
    """The value of `--name=value`."""
    if "=" not in word.lead and "=" not in word.text:
        return []
    if isinstance(word.value, Unknown):
        return [Word(word.value, word.span, optional=word.optional)]
    value = mapped(word.value, lambda text: text.partition("=")[2])
    return [Word(value, word.span, word.lead.partition("=")[2], word.optional)]


def _may_hold_flags(words: tuple[Word, ...]) -> bool:
    """Whether a word without quotes may turn out to be flags."""
    return any(word.open and isinstance(word.value, (Choice, Unknown)) for word in words)
