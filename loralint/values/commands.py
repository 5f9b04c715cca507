"""Command lines of the project that run its scripts: what they give decides the options.

A command is tied to a script by the path or module that it names, from the folders that it may
be run in. What one command gives is what runs, unless somebody says otherwise: a default. Several
commands make a choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from posixpath import dirname, normpath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from loralint.facts import (
    Choice,
    CommandFact,
    Default,
    FlagFact,
    Known,
    LoadSite,
    Origin,
    Reason,
    Scalar,
    Unknown,
    Value,
    Writing,
)
from loralint.source import Place
from loralint.values.index import Index
from loralint.values.nodes import Node, merge, soften
from loralint.values.values import origins_of, texts_of

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

MAX_DEPTH = 3
"""How many imports may lie between the script that is run and the file with its parser."""

MAX_FILES = 200
_PREFIX = re.compile(r"^(\{[^{}]*\}/?)+")


@dataclass(frozen=True, slots=True)
class Run:
    """A command that runs a script: the file that it stands in, and what it says."""

    path: str
    fact: CommandFact

    @property
    def folders(self) -> tuple[str, ...]:
        """Where the command may be run, from the project's root."""
        if self.fact.folder.startswith("/"):
            return (self.fact.folder.lstrip("/"),)
        above = [dirname(self.path)]
        while above[-1]:
            above.append(dirname(above[-1]))
        inside = (normpath(f"{each}/{self.fact.folder}").lstrip("/") for each in above)
        return tuple(dict.fromkeys("" if each == "." else each for each in inside))


# --- which script ------------------------------------------------------------------------------


def runs(evaluator: Evaluator) -> dict[str, list[Run]]:
    """The commands of the project by the script that they run."""
    cache = evaluator.cache("runs")
    if "found" not in cache:
        found: dict[str, list[Run]] = {}
        for script, run in all_runs(evaluator.index):
            found.setdefault(script, []).append(run)
        cache["found"] = found
    kept: dict[str, list[Run]] = cache["found"]
    return kept


def all_runs(index: Index) -> Iterator[tuple[str, Run]]:
    """Every command with a script of the project."""
    for path, facts in index.files.items():
        for fact in facts.commands:
            run = Run(path, fact)
            script = _script(index, run)
            if script is not None:
                yield script, run


def _script(index: Index, run: Run) -> str | None:
    if run.fact.module:
        return _module(index, run)
    for text in (*texts_of(run.fact.script), *(each.text for each in origins_of(run.fact.script))):
        found = _at(index, run, text)
        if found is not None:
            return found
    return None


def _module(index: Index, run: Run) -> str | None:
    below = run.fact.module.replace(".", "/")
    for name in (f"{below}.py", f"{below}/__main__.py"):
        for folder in run.folders:
            for prefix in ("", "src/"):
                path = normpath(f"{folder}/{prefix}{name}").lstrip("/")
                if path in index.modules:
                    return path
    return index.modules.find(run.path, run.fact.module)


def _at(index: Index, run: Run, text: str) -> str | None:
    """The project's file that a path means; of a foreign evaluator's, one that ends like it."""
    elsewhere = text.startswith(("/", "~", "{"))
    plain = normpath(_PREFIX.sub("", text).lstrip("/~"))
    beyond = replace(run.fact, folder="") if run.fact.folder else run.fact
    folders = (*run.folders, *Run(run.path, beyond).folders)  # the script may have been moved
    for folder in folders if not text.startswith(("/", "~")) else ("",):
        path = normpath(f"{folder}/{plain}").lstrip("/")
        if path in index.modules:
            return path
    return _ending(index, plain) if elsewhere else None


def _ending(index: Index, plain: str) -> str | None:
    parts = plain.split("/")
    for first in range(len(parts) - 1):
        found = index.modules.ending("/".join(parts[first:]))
        if found is not None:
            return found
    return None


# --- what is given -----------------------------------------------------------------------------


def decided(
    evaluator: Evaluator, paths: Iterable[str], names: Iterable[str], default: Node, origin: Origin
) -> Node:
    """An option whose parser stands in one of `paths`: what commands give, else its default."""
    found = _runs_of(evaluator, frozenset(paths))
    if not found:
        return default
    wanted = frozenset(name.replace("-", "_") for name in names)
    given = [(run, _flag(run, wanted)) for run in found]
    nodes = [_given(flag, default, origin) for _, flag in given if flag is not None]
    if not nodes:
        return default
    if any(flag is None for _, flag in given) and not isinstance(default, Unknown):
        nodes.append(default)
    _note(evaluator, origin, [(run, flag) for run, flag in given if flag is not None])
    made = merge(nodes)
    return default if isinstance(made, Unknown) and len(nodes) > 1 else made


def _flag(run: Run, names: frozenset[str]) -> FlagFact | None:
    return next((flag for flag in reversed(run.fact.flags) if flag.name in names), None)


def _given(flag: FlagFact, default: Node, origin: Origin) -> Node:
    if flag.several:
        return Unknown(Reason.OUTSIDE, "several values", origin)
    value = flag.value
    options = value.values if not isinstance(value, (Known, Default, Unknown)) else (value,)  # type: ignore[union-attr]
    return merge([_option(each, default, origin) for each in options])  # type: ignore[arg-type]


def _option(value: Value, default: Node, origin: Origin) -> Node:
    if isinstance(value, (Known, Default)):
        return soften(Known(_as_declared(value.value, default)), origin)
    if isinstance(value, Unknown):
        return Unknown(value.reason, value.what, origin)
    return Default(None, origin)


def _as_declared(given: Scalar, default: Node) -> Scalar:
    """A number where the default is one: the words of a command line are texts."""
    declared = default.value if isinstance(default, (Known, Default)) else None
    if isinstance(given, str) and isinstance(declared, (int, float)):
        try:
            return type(declared)(given)
        except ValueError:
            return given
    return given


def _runs_of(evaluator: Evaluator, paths: frozenset[str]) -> list[Run]:
    """The commands that run one of some files, or else a script that imports one."""
    every = runs(evaluator)
    direct = [run for path in sorted(paths) for run in every.get(path, ())]
    if direct:
        return direct
    scripts = [script for script in sorted(every) if paths & _imported(evaluator, script)]
    return [run for script in scripts for run in every[script]]


def _imported(evaluator: Evaluator, script: str) -> frozenset[str]:
    """The files that a script imports, through a few others."""
    cache = evaluator.cache("imported")
    if script not in cache:
        found = {script}
        edge = [script]
        for _ in range(MAX_DEPTH):
            edge = [each for path in edge for each in _imports(evaluator, path)]
            edge = [each for each in dict.fromkeys(edge) if each not in found][:MAX_FILES]
            found.update(edge)
        cache[script] = frozenset(found)
    kept: frozenset[str] = cache[script]
    return kept


def _imports(evaluator: Evaluator, path: str) -> Iterator[str]:
    facts = evaluator.index.files.get(path)
    for module in (*facts.imports, *facts.star_imports) if facts is not None else ():
        found = evaluator.index.modules.find(path, module)
        if found is not None:
            yield found


# --- where it stands ---------------------------------------------------------------------------


def _note(evaluator: Evaluator, origin: Origin, given: list[tuple[Run, FlagFact]]) -> None:
    places = {Place(run.path, flag.span, run.fact.cell) for run, flag in given}
    evaluator.cache("given places")[origin] = places


def words(evaluator: Evaluator, value: Value) -> tuple[Place, ...]:
    """The words of commands that give a value."""
    places = evaluator.cache("given places")
    leaves = value.values if isinstance(value, Choice) else (value,)
    origins = [leaf.origin for leaf in leaves if isinstance(leaf, Default)]
    return tuple(sorted({place for origin in origins for place in places.get(origin, ())}))


def is_command(site: LoadSite) -> bool:
    """Whether a load stands on a command line of a tool."""
    return site.writing is Writing.COMMAND


def folders(evaluator: Evaluator, path: str) -> frozenset[str]:
    """The folders that a script certainly runs in: those that its commands enter."""
    found = runs(evaluator).get(path, ())
    return frozenset(each for run in found if run.fact.folder for each in run.folders)
