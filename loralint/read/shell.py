"""Command lines → facts: in shell scripts, Makefiles, Dockerfiles, compose files and workflows.

What a tool of the ecosystem is told to load is a load site; the flags of a Python script are facts
with which the linker decides the options of its parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from loralint.facts import (
    ABSENT,
    CommandFact,
    FileError,
    FileFacts,
    FlagFact,
    LoadSite,
    SaveSite,
    Suppression,
    Value,
)
from loralint.literals import by_identity, with_literals
from loralint.read import dockerfile, makefile, workflow
from loralint.read.command_flags import Flag
from loralint.read.command_lines import Invocation, inline, invocation
from loralint.read.command_places import placed
from loralint.read.command_sites import recipe_of, sites
from loralint.read.python import comments
from loralint.read.shell_literals import literals
from loralint.read.shell_run import Runner
from loralint.read.shell_state import Command
from loralint.read.shell_text import Fragment
from loralint.read.shell_values import choice, mapped, scalar
from loralint.source import START, Source, Span

LARGEST = 60_000
"""Nobody writes so many characters of shell; such a file is an archive that unpacks itself."""

MAX_INLINE = 3
MAX_COMMANDS = 2_000
"""Commands of one file that are looked at: each is compared with all the others."""

_COMMENT = re.compile(r"(?:^|\s)(#.*)$")


def extract(source: Source) -> FileFacts:
    """Read one file with command lines."""
    text = source.content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    if "\0" in text or len(text) > LARGEST:
        return FileFacts(path=source.path)  # it unpacks itself: nobody writes so much by hand
    try:
        found = _bounded(source.path, fragments(source.path, text))
    except RecursionError:
        return FileFacts(path=source.path, error=FileError("nested too deeply to be read", START))
    return from_commands(source.path, text, found)


def _bounded(path: str, parts: Iterator[Fragment]) -> list[Command]:
    found: list[Command] = []
    for part in parts:
        found += _commands(path, part)
        if len(found) > MAX_COMMANDS:
            break
    return found[:MAX_COMMANDS]


def from_commands(path: str, text: str, found: Iterable[Command]) -> FileFacts:
    """The facts of the commands of a file."""
    loads: list[LoadSite] = []
    saves: list[SaveSite] = []
    commands: list[CommandFact] = []
    revisions: list[tuple[Value, Span]] = []
    for command in found:
        run = invocation(command)
        if run is not None:
            made = sites(path, run)
            loads += made.loads
            saves += made.saves
            revisions += made.revisions
            commands += _fact(run)
    lines = text.split("\n")
    loads = [placed(load, lines) for load in _joined(_together(loads))]
    spans = [*(each.span for each in commands), *(each.span for each in loads)]
    facts = FileFacts(
        path=path,
        loads=tuple(loads),
        saves=tuple(_onto(loads, save) for save in dict.fromkeys(saves)),
        commands=tuple(dict.fromkeys(commands)),
        suppressions=tuple(_suppressions(text, [_whole(span, found) for span in spans])),
    )
    return with_literals(facts, by_identity(literals(text, commands, revisions)))


def fragments(path: str, text: str) -> Iterator[Fragment]:
    """The pieces of shell in a file, by what its name says it is."""
    name = path.rpartition("/")[2]
    if makefile.is_one(name):
        return makefile.fragments(text)
    if dockerfile.is_one(name):
        return dockerfile.fragments(path, text)
    if workflow.is_one(path):
        return workflow.fragments(path, text)
    return iter([Fragment(_without_prompt(name, text))])


def _without_prompt(name: str, text: str) -> str:
    """A Procfile's `web:` is no command."""
    return re.sub(r"(?m)^\w+:", lambda m: " " * len(m[0]), text) if name == "Procfile" else text


def _commands(path: str, fragment: Fragment, depth: int = 0) -> list[Command]:
    found: list[Command] = []
    for command in Runner(path, fragment).run():
        found.append(command)
        inner = inline(command) if depth < MAX_INLINE else None
        if inner is not None:
            text, span = inner
            part = Fragment(text, whole=span, folder=command.folder)
            found += _commands(path, part, depth + 1)
    return found


# --- facts --------------------------------------------------------------------------------------


def _fact(run: Invocation) -> Iterator[CommandFact]:
    recipe = recipe_of(run) if run.tool is not None and run.tool.recipe else None
    if run.tool is not None and recipe is None:
        return
    yield CommandFact(
        span=run.command.span,
        script=mapped(run.script, str),
        module=run.module,
        tool=run.tool.name if run.tool is not None else "",
        recipe=recipe.value if recipe is not None else ABSENT,
        folder=run.command.folder,
        flags=tuple(_flag(flag) for flag in run.flags),
        text=run.command.text,
        open=run.open,
    )


def _flag(flag: Flag) -> FlagFact:
    value = scalar(mapped(flag.value, _local))
    return FlagFact(flag.role, value, flag.place, len(flag.values) > 1, flag.optional)


def _local(text: str) -> str:
    return text[2:].lstrip("/") if text.startswith("//") else text


def _together(loads: list[LoadSite]) -> Iterator[LoadSite]:
    """One load a place: a function that is called twice loads one or the other."""
    by_place: dict[tuple[Span, str], list[LoadSite]] = {}
    for load in loads:
        key = (load.span, load.artifact) if load.artifact != "adapter" else (load.span, load.text)
        by_place.setdefault(key, []).append(load)
    for same in by_place.values():
        distinct = list(dict.fromkeys(same))
        if same[0].artifact == "adapter":
            yield from distinct
        else:
            repo = choice([load.repo_id for load in distinct])
            revision = choice([load.revision for load in distinct])
            yield msgspec.structs.replace(same[0], repo_id=repo, revision=revision)


def _joined(loads: Iterable[LoadSite]) -> list[LoadSite]:
    """Adapters with the base of their command as what flows into them."""
    found = list(loads)
    return [_onto(found, load) if load.artifact == "adapter" else load for load in found]


Site = TypeVar("Site", LoadSite, SaveSite)


def _onto(loads: list[LoadSite], site: Site) -> Site:
    inputs = tuple(
        position
        for position, load in enumerate(loads)
        if load.function == site.function and load.artifact in ("base-model", "engine")
    )
    return msgspec.structs.replace(site, inputs=inputs)


# --- suppressions -------------------------------------------------------------------------------


def _whole(span: Span, found: Iterable[Command]) -> Span:
    """The command that a word stands in."""
    around = (each.span for each in found if each.span.start <= span.start <= each.span.end)
    return min(around, key=lambda each: each.end.row - each.start.row, default=span)


def _suppressions(text: str, spans: list[Span]) -> Iterator[Suppression]:
    if "loralint:" not in text and "LOR" not in text:
        return
    lines = text.split("\n")
    for row, line in enumerate(lines, 1):
        match = _COMMENT.search(line)
        selectors, whole_file, noqa = comments.parse(match[1]) if match else ((), False, False)
        if match is not None and selectors:
            span = Span.of(row, match.start(1) + 1, row, match.end(1) + 1)
            alone = not line[: match.start(1)].strip()
            first, last = _covered(row, alone, spans)
            yield Suppression(selectors, first, last, span, whole_file, None, noqa)


def _covered(row: int, alone: bool, spans: list[Span]) -> tuple[int, int]:
    """The rows of the command that a comment stands in or above."""
    covered = [span for span in spans if span.start.row <= row <= span.end.row]
    if alone:
        covered += [span for span in spans if span.start.row == row + 1]
    rows = [each for span in covered for each in (span.start.row, span.end.row)]
    return min([row, *rows]), max([row + alone, *rows])
