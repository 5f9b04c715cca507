"""The commands that Python starts: `subprocess.run([sys.executable, "train.py", "--out", "x"])`.

A list that begins with an interpreter, a launcher or a tool is a command, whoever is handed it;
so is the text that `os.system` is given. What is put into it by code is not followed: a constant
that is bound once is, and of a path the end, which names the script.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

import msgspec

from loralint.catalog import PROGRAMS
from loralint.catalog.commands import SHELLS, STARTERS, Taking, is_python, runs_another
from loralint.facts import (
    CommandFact,
    FileFacts,
    Known,
    LoadSite,
    OriginKind,
    SaveSite,
    Unknown,
    Value,
)
from loralint.literals import held
from loralint.read import comments
from loralint.read.command_line import inline
from loralint.read.python.listed_words import MAX_WORDS, Spans, Words
from loralint.read.python.record import Record
from loralint.read.python.texts import UNKNOWN, Names, called, of_module, pieces, text as text_of
from loralint.read.python.word_lists import Reader, Scope, WordList, handed
from loralint.read.words import Command, Word
from loralint.source import Span

_STARTS = re.compile(
    r"\bsys\.executable\b|subprocess|\bshlex\b|\brun_commands\b|\bos\.(?:system|popen|exec|spawn)"
)
_WORDS = ("subprocess", "sys.executable", "shlex", "run_commands", "os.system", "os.popen",
          "os.exec", "os.spawn")  # fmt: skip
"""One of them stands wherever `_STARTS` fits: most modules are settled by these, much sooner."""

_RUNS = re.compile(rf"\.py\b|\bpython[\d.]*\s+-m\b|{PROGRAMS.pattern.decode()}")
"""What a text for the shell has in it that runs something that may load a model."""

Site = TypeVar("Site", LoadSite, SaveSite)


def may_start(text: str) -> bool:
    """Whether a module may start something that loads a model."""
    return any(word in text for word in _WORDS) and _STARTS.search(text) is not None


def with_started(facts: FileFacts, tree: ast.Module, record: Record) -> FileFacts:
    """The facts of a module with those of the commands that it starts."""
    from loralint.read import scripts  # which brings the shell's parser

    text = "\n".join(record.rows)
    loads, saves, runs = list(facts.loads), list(facts.saves), list(facts.commands)
    places = _places(facts)
    for command in _commands(facts, tree, record.span):
        found = scripts.facts_of(facts.path, text, [command])
        saves += [_further(each, len(loads)) for each in found.saves]
        loads += [_at(_further(each, len(loads)), command) for each in found.loads]
        runs += [_certain(each) for each in found.commands]
        places.update(_places(found))
    if len(runs) == len(facts.commands) and len(loads) == len(facts.loads):
        return facts
    around = [*(each.span for each in facts.calls), *(each.span for each in loads)]
    both = msgspec.structs.replace(
        facts,
        loads=tuple(loads),
        saves=tuple(saves),
        commands=tuple(dict.fromkeys(runs)),
        suppressions=comments.of_python(text, around),
    )
    known = ((number, places.get(id(each))) for number, (each, _) in enumerate(held(both)))
    literals = tuple((number, *place) for number, place in known if place is not None)
    return msgspec.structs.replace(both, literals=literals)


def _at(load: LoadSite, command: Command) -> LoadSite:
    """A load where its program is named, as that of a call stands where the call does."""
    if load.artifact == "adapter" or not command.words:
        return load
    first, whole = command.words[0].span.start, command.span
    start = first if whole.start <= first < whole.end else whole.start
    return msgspec.structs.replace(load, span=Span(start, whole.end))


def _further(site: Site, shift: int) -> Site:
    inputs = tuple(position + shift for position in site.inputs)
    return msgspec.structs.replace(site, inputs=inputs)


def _certain(command: CommandFact) -> CommandFact:
    """A command with the flags whose values are written: what code gives hides no default."""
    flags = tuple(each for each in command.flags if not isinstance(each.value, Unknown))
    return msgspec.structs.replace(command, flags=flags)


def _places(facts: FileFacts) -> dict[int, tuple[Span, int | None]]:
    texts = [known for known, _ in held(facts)] if facts.literals else []
    return {id(texts[number]): (span, cell) for number, span, cell in facts.literals}


# --- commands -----------------------------------------------------------------------------------


def _commands(facts: FileFacts, tree: ast.Module, span: Spans) -> Iterator[Command]:
    """The commands of a module: its texts, and its lists."""
    from loralint.read import scripts
    from loralint.read.shell_words import Fragment

    reader = Reader(facts.path, tree, of_module(tree, facts.names))
    for call, scope in reader.calls:
        for node in _texts(call):
            yield from _of_text(facts.path, node, call, scope, span)
    for command in _of_lists(reader, span):
        yield command
        inner = inline(command)
        if inner is not None:
            line, place = inner
            yield from scripts.commands(facts.path, Fragment(line, whole=place))


def _of_lists(reader: Reader, span: Spans) -> Iterator[Command]:
    """The lists that are commands, but those that are only a part of others."""
    words_of = Words(span)
    found = [(one, words_of.of(one)) for one in reader.lists]
    begun = [(one, words) for one, words in found if _begins_command(words)]
    parts = {id(part) for one, _ in begun for part in words_of.parts.get(id(one), ())}
    for one, words in begun:
        if (id(one) not in parts or one.call is not None) and len(words) <= MAX_WORDS:
            yield _command(one, words, span)


def _command(one: WordList, words: list[Word], span: Spans) -> Command:
    line = " ".join(word.text or "..." for word in words)
    command = Command(tuple(words), span(one.place), line)
    return _as_called(command, one.call, one.scope.names) if one.call is not None else command


def _as_called(command: Command, call: ast.Call, names: Names) -> Command:
    """A command in the folder and with the variables that its call gives it."""
    folder, environment = command.folder, dict(command.environment)
    for each in call.keywords:
        if each.arg == "cwd":
            given = text_of(each.value, names)
            path = str(given.value) if isinstance(given, Known) else ""
            folder = "" if path.startswith(("/", "~")) else path
        elif each.arg == "env" and isinstance(each.value, ast.Dict):
            for key, value in zip(each.value.keys, each.value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    environment[key.value] = text_of(value, names)
    return replace(command, folder=folder, environment=environment)


def _begins_command(words: list[Word]) -> bool:
    first = words[0].text if words and not words[0].optional else ""
    return bool(first) and (
        is_python(first)
        or PROGRAMS.search(first.encode()) is not None
        or runs_another(first)
        or first in SHELLS
    )


# --- texts for the shell ------------------------------------------------------------------------


def _texts(call: ast.Call) -> Iterator[ast.expr]:
    """The texts in a call that the shell runs; of a list's the first words say whether it does."""
    taking = STARTERS.get(called(call))
    if taking is Taking.LIST:
        yield from handed(call)
    elif taking is Taking.SHELL:
        for each in (*call.args, *(one.value for one in call.keywords if one.arg == "cmd")):
            yield from each.elts if isinstance(each, (ast.List, ast.Tuple)) else [each]


def _of_text(
    path: str, node: ast.expr, call: ast.Call, scope: Scope, span: Spans
) -> Iterator[Command]:
    """The commands of a text; what is not certain in it is a variable of the shell's."""
    from loralint.read import scripts
    from loralint.read.shell_words import Fragment

    line, variables = _line(pieces(node, scope.names))
    is_quoted = bool(variables) and "'" in line  # where the shell puts in nothing
    if is_quoted or _RUNS.search(line) is None:
        return
    place = span(node if STARTERS[called(call)] is Taking.SHELL and call.args[1:] else call)
    fragment = Fragment(line, whole=place, environment={**variables})
    for command in scripts.commands(path, fragment):
        is_whole = not any(_HOLE in word.text for word in command.words)
        if is_whole and (_is_shell(call) or _begins_command([*command.words])):
            yield _as_called(command, call, scope.names)


_HOLE = "__python_"


def _line(parts: list[Value]) -> tuple[str, dict[str, Value]]:
    """A text for the shell, and the variables in it."""
    line, variables = "", dict[str, Value]()
    taken_apart = [each for part in parts for each in _parts(part)]
    for number, part in enumerate(taken_apart):
        if isinstance(part, Known):
            line += str(part.value)
        else:
            variables[f"{_HOLE}{number}"] = part
            line += f"${{{_HOLE}{number}}}"
    return line, variables


def _parts(value: Value) -> list[Value]:
    """The parts of a text that a name holds."""
    origin = value.origin if isinstance(value, Unknown) else None
    if origin is None or origin.kind is not OriginKind.JOINED:
        return [value]
    return [Known(each) if isinstance(each, str) else UNKNOWN for each in origin.parts]


def _is_shell(call: ast.Call) -> bool:
    """Whether a call certainly runs a text in the shell."""
    shell = (each.value for each in call.keywords if each.arg == "shell")
    told = any(not (isinstance(value, ast.Constant) and not value.value) for value in shell)
    return told or STARTERS[called(call)] is Taking.SHELL
