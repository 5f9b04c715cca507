"""Files with command lines → facts: shell scripts, Makefiles, Dockerfiles, workflows, compose.

What a tool of the ecosystem is told to load is a load site; the flags of a Python script are facts
with which the linker decides the options of its parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from loralint.facts import (
    CommandFact,
    FileError,
    FileFacts,
    InstallFact,
    Known,
    LoadSite,
    SaveSite,
    Value,
)
from loralint.literals import by_identity, with_literals
from loralint.read import comments, dockerfile, makefile, shell, tools, workflow
from loralint.read.command_line import inline, invocation
from loralint.read.installing import installs
from loralint.read.shell_words import Fragment, parse
from loralint.read.words import Command, choice
from loralint.source import START, Source, Span

if TYPE_CHECKING:
    from tree_sitter import Node

LARGEST = 60_000
"""Nobody writes so many characters of shell; such a file is an archive that unpacks itself."""

MAX_INLINE = 3
MAX_COMMANDS = 2_000
"""Commands of one file that are looked at: each is compared with all the others."""


def read(source: Source) -> tuple[FileFacts, str, list[Command]]:
    """What the commands of one file say, with its text and the commands."""
    text = source.content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    if "\0" in text:
        return FileFacts(path=source.path), "", []
    if len(text) > LARGEST:
        error = FileError(f"it has more than {LARGEST:,} characters", START)
        return FileFacts(path=source.path, error=error), "", []
    found: list[Command] = []
    try:
        for fragment in fragments(source.path, text):
            found += commands(source.path, fragment)
            if len(found) > MAX_COMMANDS:
                break
    except RecursionError:
        error = FileError("nested too deeply to be read", START)
        return FileFacts(path=source.path, error=error), "", []
    facts = facts_of(source.path, text, found[:MAX_COMMANDS])
    errors = tuple(_beyond(source.path, text, found))
    return replace(facts, further_errors=errors), text, found[:MAX_COMMANDS]


def _beyond(path: str, text: str, found: list[Command]) -> Iterator[FileError]:
    """What of a file is more than is looked at."""
    if len(found) > MAX_COMMANDS:
        rest = found[MAX_COMMANDS].span
        yield FileError(f"only its first {MAX_COMMANDS:,} commands are read", rest)
    for row in makefile.rows_too_long(text) if makefile.is_one(path.rpartition("/")[2]) else ():
        message = f"this row has more than {makefile.LONGEST:,} characters"
        yield FileError(message, Span.of(row, 1, row, 2))


def fragments(path: str, text: str) -> Iterator[Fragment]:
    """The pieces of shell in a file, by what its name says it is."""
    name = path.rpartition("/")[2]
    if makefile.is_one(name):
        return makefile.fragments(text)
    if dockerfile.is_one(name):
        return dockerfile.fragments(text)
    if workflow.is_one(path):
        return workflow.fragments(path, text)
    if name == "Procfile":  # its `web:` is no command
        text = re.sub(r"(?m)^\w+:", lambda match: " " * len(match[0]), text)
    return iter([Fragment(text)])


def commands(path: str, fragment: Fragment, depth: int = 0) -> Iterator[Command]:
    """The commands of a fragment, each with those in its `bash -c "..."` behind it."""
    for command in shell.commands(path, fragment):
        yield command
        inner = inline(command) if depth < MAX_INLINE else None
        if inner is not None:
            text, span = inner
            yield from commands(path, Fragment(text, whole=span, folder=command.folder), depth + 1)


# --- commands → facts ---------------------------------------------------------------------------


def facts_of(path: str, text: str, found: list[Command]) -> FileFacts:
    """The facts of the commands of a file."""
    lines = text.split("\n")
    sites = tools.CommandSites()
    runs: list[CommandFact] = []
    installed: list[InstallFact] = []
    for command in found:
        installed += installs(command)
        run = invocation(command)
        if run is None:
            continue
        fact, made = run.fact(), tools.sites_of(path, run, lines)
        runs += [fact] if fact is not None else []
        sites.loads += made.loads
        sites.saves += made.saves
        sites.revisions += made.revisions
    loads = list(_together(sites.loads))
    spans = [*(each.span for each in runs), *(each.span for each in loads)]
    words = [(flag.value, flag.span) for each in runs for flag in each.flags]
    literals = _literals(lines, [*words, *sites.revisions])
    facts = FileFacts(
        path=path,
        loads=tuple(_onto(loads, load) if load.artifact == "adapter" else load for load in loads),
        saves=tuple(_onto(loads, save) for save in dict.fromkeys(sites.saves)),
        commands=tuple(dict.fromkeys(runs)),
        installs=tuple(dict.fromkeys(installed)),
        suppressions=comments.of_shell(text, (_command_around(span, found) for span in spans)),
    )
    return with_literals(facts, by_identity(literals))


def _together(loads: list[LoadSite]) -> Iterator[LoadSite]:
    """One load a place: a function that is called twice loads one or the other."""
    by_place: dict[tuple[Span, str], list[LoadSite]] = {}
    for load in loads:
        what = load.text if load.artifact == "adapter" else load.artifact
        by_place.setdefault((load.span, what), []).append(load)
    for same in by_place.values():
        distinct = dict.fromkeys(same)
        if same[0].artifact == "adapter":
            yield from distinct
        else:
            repo = choice(load.repo_id for load in distinct)
            revision = choice(load.revision for load in distinct)
            yield replace(same[0], repo_id=repo, revision=revision)


Site = TypeVar("Site", LoadSite, SaveSite)


def _onto(loads: list[LoadSite], site: Site) -> Site:
    """An adapter or what is saved, with the base of its command as what flows into it."""
    inputs = tuple(
        position
        for position, load in enumerate(loads)
        if load.function == site.function and load.artifact in ("base-model", "engine")
    )
    return replace(site, inputs=inputs)


def _command_around(span: Span, found: Iterable[Command]) -> Span:
    """The command that a word stands in."""
    around = (each.span for each in found if each.span.start <= span.start <= each.span.end)
    return min(around, key=lambda each: each.end.row - each.start.row, default=span)


# --- where the texts stand ----------------------------------------------------------------------


def _literals(lines: list[str], values: Iterable[tuple[Value, Span]]) -> dict[int, Span | None]:
    """The places of values inside their words, without quotes, by identity."""
    return {
        id(value): _inside(lines, value.value, span)
        for value, span in values
        if isinstance(value, Known) and isinstance(value.value, str)
    }


def _inside(lines: list[str], value: str, span: Span) -> Span | None:
    """Where a value stands in a word; nowhere if the word is another text, or has it twice."""
    row = span.start.row
    if row != span.end.row or row > len(lines) or not value:
        return None
    word = lines[row - 1][span.start.column - 1 : span.end.column - 1]
    pattern = rf"(?:^|(?<=[=,\"'])){re.escape(value)}(?=$|[,\"'])"
    found = list(re.finditer(pattern, word))
    if len(found) != 1:
        return None
    start = span.start.column + found[0].start()
    return Span.of(row, start, row, start + len(value))


# --- comments -----------------------------------------------------------------------------------


def differ_in_comments(path: str, one: str, other: str) -> bool:
    """Whether two texts of a file have the same commands, and other comments of the shell.

    Commands end where a comment begins, so the trees are compared and not the words.
    """
    (said, notes), (said_too, other_notes) = _said(path, one), _said(path, other)
    return said == said_too and notes != other_notes


def _said(path: str, text: str) -> tuple[list[tuple[int, str, bytes]], list[bytes]]:
    """All nodes of a file's shell, each with depth, kind and text; and its comments."""
    said: list[tuple[int, str, bytes]] = []
    notes: list[bytes] = []
    for fragment in fragments(path, text):
        todo: list[tuple[int, Node]] = [(0, parse(fragment.text.encode(errors="replace")))]
        while todo:
            depth, node = todo.pop()
            content = node.text or b"" if not node.child_count else b""
            if node.type == "comment":
                notes.append(content)
            else:
                said.append((depth, node.type, content))
            todo.extend((depth + 1, child) for child in reversed(node.children))
    return said, notes
