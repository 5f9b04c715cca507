"""The shell in a notebook → what its commands load, save and run, each in its cell.

IPython puts Python's values into a command (`{name}`, `$name`), and `%cd` and `%env` hold for the
commands after them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from msgspec.structs import replace

from loralint.facts import (
    CommandFact,
    FileFacts,
    InstallFact,
    Known,
    LoadSite,
    SaveSite,
    Term,
    Value,
)
from loralint.literals import held
from loralint.read import scripts
from loralint.read.magics import Shell
from loralint.read.shell_words import Fragment
from loralint.read.words import unfollowed
from loralint.source import Location, Span

Site = TypeVar("Site", LoadSite, SaveSite)

_INSERTED = re.compile(r"(?<![${])\{([A-Za-z_]\w*)((?:\.\w+|\[[^\]{}]*\])*)\}")
_FOLDER = re.compile(r"\s*cd\s+[\"']?([^\s\"';&|]+)")
_VARIABLE = re.compile(r"export (\w+)=(.*)")


def with_commands(
    facts: FileFacts, shell: Iterable[tuple[int | None, Shell]], text: str
) -> FileFacts:
    """The facts of a notebook's or script's Python with those of its shell.

    `text` is all of the Python.
    """
    session = _Session(facts.path, _constants(facts.names, text))
    for cell, command in shell:
        session.run(cell, command)
    both = replace(
        facts,
        loads=(*facts.loads, *session.loads),
        saves=(*facts.saves, *session.saves),
        commands=(*facts.commands, *session.commands),
        installs=tuple(session.installs),
    )
    found = ((n, session.literals.get(id(known))) for n, (known, _) in enumerate(held(both)))
    further = tuple((number, *place) for number, place in found if place is not None)
    return replace(both, literals=(*facts.literals, *further))


def _constants(names: Iterable[tuple[str, Term]], text: str) -> dict[str, Value]:
    """Python's names: the value of those that are bound once, else that it is not known."""
    found: dict[str, Value] = {}
    for name, term in names:
        once = len(re.findall(rf"(?m)^[ \t]*{re.escape(name)}\s*=(?!=)", text)) == 1
        is_text = isinstance(term, Known) and isinstance(term.value, str)
        found[name] = term if is_text and once else unfollowed("a Python value")  # type: ignore[assignment]
    return found


@dataclass
class _Session:
    """The commands of a notebook, one after another."""

    path: str
    variables: dict[str, Value]
    folder: str = ""
    loads: list[LoadSite] = field(default_factory=list)
    saves: list[SaveSite] = field(default_factory=list)
    commands: list[CommandFact] = field(default_factory=list)
    installs: list[InstallFact] = field(default_factory=list)
    literals: dict[int, tuple[Span, int | None]] = field(default_factory=dict)
    """The places of revisions, with their cells, by the identity of the constant."""

    def run(self, cell: int | None, shell: Shell) -> None:
        """Take one command, or a cell of them."""
        if shell.lasting:
            self._set(shell.text)
            return
        text, moves = _interpolated(shell.text, self.variables)
        fragment = Fragment(text, environment=dict(self.variables), folder=self.folder)
        commands = islice(scripts.commands(self.path, fragment), scripts.MAX_COMMANDS)
        found = scripts.facts_of(self.path, text, list(commands))
        way = _Way(cell, shell, moves)
        before = len(self.loads)
        self.loads += [way.load(load, before) for load in found.loads]
        self.saves += [way.site(save, before) for save in found.saves]
        self.commands += [way.command(command) for command in found.commands]
        self.installs += [way.install(install) for install in found.installs]
        texts = [known for known, _ in held(found)]
        for number, span, _ in found.literals:
            self.literals[id(texts[number])] = way.span(span), cell

    def _set(self, text: str) -> None:
        """`%cd` and `%env`."""
        folder, variable = _FOLDER.match(text), _VARIABLE.match(text)
        if folder is not None:
            # An absolute path is one of the machine it ran on.
            path = "" if folder[1][0] in "/~$" else posixpath.join(self.folder, folder[1])
            self.folder = posixpath.normpath(path) if path else ""
        if variable is not None:
            plain = not re.search(r"[{$]", variable[2])
            value = Known(variable[2].strip()) if plain else unfollowed("a Python value")
            self.variables[variable[1]] = value


def _interpolated(text: str, names: Mapping[str, Value]) -> tuple[str, dict[int, list[int]]]:
    """`{name}` as the shell's `${name}`, and behind which columns of which rows one was added."""
    rows: list[str] = []
    moves: dict[int, list[int]] = {}
    for number, row in enumerate(text.split("\n"), 1):
        kept, end = "", 0
        for match in _INSERTED.finditer(row):
            known = match[1] in names and not match[2]
            size = len(match[0]) - 2
            inner = match[1] if known else "_" * size
            kept += row[end : match.start()] + "${" + inner + "}"
            moves.setdefault(number, []).append(len(kept) - size - 3)
            end = match.end()
        rows.append(kept + row[end:])
    return "\n".join(rows), moves


@dataclass(frozen=True)
class _Way:
    """From a command's text back to its cell."""

    cell: int | None
    shell: Shell
    moves: dict[int, list[int]]

    def site(self, site: Site, before: int) -> Site:
        """A load or save; the indices of what flows into it count from the notebook's first."""
        of_cell = f"cell {self.cell}" if self.cell is not None else "row"
        return replace(
            site,
            span=self.span(site.span),
            cell=self.cell,
            function=f"{of_cell}.{self.shell.row} {site.function}",
            inputs=tuple(position + before for position in site.inputs),
        )

    def load(self, load: LoadSite, before: int) -> LoadSite:
        """A load, with the place where a flag may go."""
        at = self.span(load.insert_at) if load.insert_at is not None else None
        template_at = self.span(load.template_at) if load.template_at is not None else None
        return replace(self.site(load, before), insert_at=at, template_at=template_at)

    def command(self, command: CommandFact) -> CommandFact:
        """A command line with its flags."""
        flags = (replace(flag, span=self.span(flag.span)) for flag in command.flags)
        return replace(command, span=self.span(command.span), flags=tuple(flags), cell=self.cell)

    def install(self, install: InstallFact) -> InstallFact:
        """A package that is installed."""
        return replace(install, span=self.span(install.span), cell=self.cell)

    def span(self, span: Span) -> Span:
        """A span of the cell."""
        return Span(self._location(span.start), self._location(span.end))

    def _location(self, at: Location) -> Location:
        added = sum(column < at.column - 1 for column in self.moves.get(at.row, ()))
        shift = self.shell.shift if at.row == 1 else 0
        return Location(at.row + self.shell.row - 1, at.column - added + shift)
