"""What a tool is given, by role: from its flags, its plain words and the environment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loralint.catalog.commands import Tool, role_name
from loralint.facts import ABSENT, Known, Origin, OriginKind, Reason, Unknown, Value
from loralint.facts.origins import joined
from loralint.read.command_flags import Flag
from loralint.read.command_lines import Invocation
from loralint.read.shell_values import Word, choice, leaves, mapped
from loralint.source import Span

Given = dict[str, "list[tuple[Value, Span]]"]
"""By role: each value with its place."""

_HOLE = "\0"
"""Stands for a part of a word that is not known."""

_PAIR = re.compile(r",(?=\s*\w+=)")


def given(invocation: Invocation, tool: Tool) -> Given:
    """All values of an invocation by their roles."""
    found: Given = {}
    for name, role in tool.environment.items():
        if name in invocation.environment:
            found.setdefault(role, []).append(invocation.environment[name])
    first = _positional(invocation, tool) if tool.position else None
    if first is not None:
        found[tool.position] = [(first.value, first.span)]
    for flag in invocation.flags:
        for role, value, span in _of_flag(flag, tool):
            perhaps = role == "revision" and flag.optional
            shown = (
                Unknown(
                    Reason.OUTSIDE,
                    "given on a condition",
                    Origin(OriginKind.FLAG, name=(flag.name,)),
                )
                if perhaps
                else value
            )
            found.setdefault(role, []).append((shown, span))
    return found


def _positional(invocation: Invocation, tool: Tool) -> Word | None:
    """The first plain word; behind a flag with one value it looks like a second one."""
    if invocation.plain:
        return invocation.plain[0]
    lists = (flag for flag in invocation.flags if tool.flags.get(flag.role) != "adapters")
    return next((flag.values[1] for flag in lists if len(flag.values) > 1), None)


def _of_flag(flag: Flag, tool: Tool) -> Iterator[tuple[str, Value, Span]]:
    if tool.pairs and flag.role == tool.pairs:
        for word in flag.values:
            yield from _of_pairs(word, tool)
        return
    if tool.pairs and flag.role != "model":
        return
    role = "backend" if tool.pairs else tool.flags.get(flag.role, "")
    if role == "adapters":
        yield from ((role, word.value, word.span) for word in flag.values)
    elif role:
        yield role, flag.value, flag.place


def _of_pairs(word: Word, tool: Tool) -> Iterator[tuple[str, Value, Span]]:
    """`pretrained=org/name,revision=v1` in one word."""
    names = dict.fromkeys(name for leaf in leaves(word.value) for name in _pairs(leaf))
    for name in names:
        role = tool.flags.get(role_name(name), "")
        if role and role != "backend":
            values = [_pairs(leaf).get(name, ABSENT) for leaf in leaves(word.value)]
            yield role, values[0] if len(values) == 1 else choice(values), word.span


def _pairs(leaf: Value) -> dict[str, Value]:
    holes = [part for part in _parts(leaf) if isinstance(part, Origin)]
    text = "".join(part if isinstance(part, str) else _HOLE for part in _parts(leaf))
    found: dict[str, Value] = {}
    for pair in _PAIR.split(text):
        key, _, value = pair.partition("=")
        of_key, of_value = key.count(_HOLE), value.count(_HOLE)
        if key:
            inside = holes[of_key : of_key + of_value]
            found[key.strip()] = _part(leaf, value.strip().strip("\"'"), inside)
        holes = holes[of_key + of_value :]
    return found


def _parts(leaf: Value) -> tuple[str | Origin, ...]:
    if isinstance(leaf, Unknown):
        return leaf.origin.parts if leaf.origin is not None else ()
    text = getattr(leaf, "value", "")
    return (text,) if isinstance(text, str) else ()


def _part(leaf: Value, text: str, holes: list[Origin]) -> Value:
    if not isinstance(leaf, Unknown):
        return mapped(leaf, lambda _: text)
    if not holes:
        return Known(text)
    between = text.split(_HOLE)
    pieces = [part for pair in zip(between, holes, strict=False) for part in pair]
    return Unknown(leaf.reason, leaf.what, joined((*pieces, between[-1])))


# --- adapters -----------------------------------------------------------------------------------


def split_adapters(value: Value) -> Iterator[Value]:
    """`name=path`, JSON as vLLM takes it, and lists with commas."""
    texts = [leaf.value for leaf in leaves(value) if isinstance(getattr(leaf, "value", None), str)]  # type: ignore[union-attr]
    if len(texts) != 1 or not isinstance(texts[0], str):
        yield mapped(value, _path)
        return
    text = texts[0]
    if text.startswith("{"):
        match = re.search(r'"path"\s*:\s*"([^"]*)"', text)
        if match is not None:
            path = match[1]
            yield mapped(value, lambda _: path)
        return
    for part in text.split(","):
        yield mapped(value, lambda _, part=part: _path(part))  # type: ignore[misc]


def _path(text: str) -> str:
    return text.partition("=")[2] or text


def at_revision(value: Value) -> tuple[Value, Value | None]:
    """`id@revision`, as text-generation-inference takes adapters."""
    text = getattr(value, "value", "")
    if not isinstance(text, str) or "@" not in text:
        return value, ABSENT
    name = mapped(value, lambda text: text.partition("@")[0])
    return name, mapped(value, lambda text: text.partition("@")[2])
