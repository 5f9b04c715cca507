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
    leaves,
)
from loralint.refs import is_repo_id
from loralint.source import Place
from loralint.values.evaluation import Evaluation
from loralint.values.index import Index
from loralint.values.launchers import launched
from loralint.values.nodes import Node, merge, options, soften
from loralint.values.paths import absolute, is_test
from loralint.values.values import origins_of, texts_of

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


def is_command(site: LoadSite) -> bool:
    """Whether a load stands on a command line of a tool."""
    return site.writing is Writing.COMMAND


# --- which script ------------------------------------------------------------------------------


def all_runs(index: Index) -> Iterator[tuple[str, Run]]:
    """Every command with a script of the project."""
    for path, facts in index.files.items():
        if path.endswith(".py") and is_test(path):
            continue  # what a test starts nobody else does
        for fact in facts.commands:
            run = Run(path, fact)
            script = _module(index, run) if fact.module else _script(index, run)
            if script is not None:
                yield script, run


def _script(index: Index, run: Run) -> str | None:
    texts = (*texts_of(run.fact.script), *(each.text for each in origins_of(run.fact.script)))
    found = (_at(index, run, text) for text in texts if text)
    return next((each for each in found if each is not None), None)


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
    """The project's file that a path means; of a foreign machine's, one that ends like it."""
    plain = normpath(_PREFIX.sub("", text).lstrip("/~"))
    beyond = replace(run.fact, folder="") if run.fact.folder else run.fact
    folders = (*run.folders, *Run(run.path, beyond).folders)  # the script may have been moved
    for folder in folders if not text.startswith(("/", "~")) else ("",):
        path = normpath(f"{folder}/{plain}").lstrip("/")
        if path in index.modules:
            return path
    if not text.startswith(("/", "~", "{")):
        return None
    parts = plain.split("/")
    ends = (index.modules.ending("/".join(parts[first:])) for first in range(len(parts) - 1))
    return next((each for each in ends if each is not None), None)


# --- what is given -----------------------------------------------------------------------------


class Commands:
    """The commands of a project by the script that they run, and what they give."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._by_script: dict[str, list[Run]] | None = None
        self._imported: dict[str, frozenset[str]] = {}
        self._places: dict[Origin, dict[Place, frozenset[str]]] = {}

    @property
    def runs(self) -> dict[str, list[Run]]:
        """The commands by the script that they run."""
        if self._by_script is None:
            self._by_script = {}
            for script, run in all_runs(self.evaluation.index):
                self._by_script.setdefault(script, []).append(run)
            for path, fact in launched(self.evaluation):  # which may ask for the runs itself
                run = Run(path, fact)
                started = _script(self.evaluation.index, run)
                if started is not None:
                    self._by_script.setdefault(started, []).append(run)
        return self._by_script

    def decided(
        self, paths: Iterable[str], names: Iterable[str], default: Node, origin: Origin
    ) -> Node:
        """An option whose parser stands in one of `paths`: what commands give, or its default."""
        wanted = frozenset(name.replace("-", "_") for name in names)
        given = [(run, _flag(run, wanted)) for run in self._runs_of(frozenset(paths))]
        flags = [(run, flag) for run, flag in given if flag is not None]
        if not flags:
            return default
        nodes = [_given(flag, default, origin) for _, flag in flags]
        bare = len(flags) < len(given) or _hides_an_id(nodes, default)
        if bare and not isinstance(default, Unknown):
            nodes.append(default)
        self._places[origin] = {
            Place(run.path, f.span, run.fact.cell): frozenset(texts_of(f.value)) for run, f in flags
        }
        # what one command leaves unknown, the others give by default
        made = merge([node for node in nodes if not isinstance(node, Unknown)] or nodes)
        return default if isinstance(made, Unknown) and len(nodes) > 1 else made

    def _runs_of(self, paths: frozenset[str]) -> list[Run]:
        """The commands that run one of some files, or else a script that imports one."""
        direct = [run for path in sorted(paths) for run in self.runs.get(path, ())]
        if direct:
            return direct
        scripts = [script for script in sorted(self.runs) if paths & self._imports_of(script)]
        return [run for script in scripts for run in self.runs[script]]

    def _imports_of(self, script: str) -> frozenset[str]:
        """The files that a script imports, through a few others."""
        if script not in self._imported:
            found = {script}
            edge = [script]
            for _ in range(MAX_DEPTH):
                edge = [each for path in edge for each in _imports(self.evaluation.index, path)]
                edge = [each for each in dict.fromkeys(edge) if each not in found][:MAX_FILES]
                found.update(edge)
            self._imported[script] = frozenset(found)
        return self._imported[script]

    def words(self, value: Value) -> tuple[Place, ...]:
        """The words of commands that give a value."""
        origins = [leaf.origin for leaf in leaves(value) if isinstance(leaf, Default)]
        places = (self._places.get(each, ()) for each in origins if each is not None)
        return tuple(sorted({place for each in places for place in each}))

    def words_of_each(self, value: Value) -> tuple[tuple[str, Place], ...]:
        """Of a value that may be several texts, which word of a command gives which."""
        several = leaves(value) if isinstance(value, Choice) else ()
        return tuple(
            (str(leaf.value), place)
            for leaf in several
            if isinstance(leaf, Default) and leaf.origin is not None
            for place, texts in sorted(self._places.get(leaf.origin, {}).items())
            if leaf.value in texts
        )

    def folders(self, path: str) -> frozenset[str]:
        """The folders that a script certainly runs in: those that its commands enter."""
        runs = self.runs.get(path, ())
        return frozenset(each for run in runs if run.fact.folder for each in run.folders)


def _hides_an_id(given: list[Node], default: Node) -> bool:
    """Whether commands give folders only where a bare run takes a repository of the Hub.

    What a container is handed does not say that nobody runs the script by itself.
    """
    text = default.value if isinstance(default, Default) else None
    found = [each for node in given for each in options(node)]
    return (
        isinstance(text, str)
        and is_repo_id(text)
        and all(isinstance(each, Default) and _is_folder(each.value) for each in found)
    )


def _is_folder(value: Scalar) -> bool:
    return isinstance(value, str) and (absolute(value) or value.startswith("."))


def _imports(index: Index, path: str) -> Iterator[str]:
    facts = index.files.get(path)
    for module in (*facts.imports, *facts.star_imports) if facts is not None else ():
        found = index.modules.find(path, module)
        if found is not None:
            yield found


def _flag(run: Run, names: frozenset[str]) -> FlagFact | None:
    return next((flag for flag in reversed(run.fact.flags) if flag.name in names), None)


def _given(flag: FlagFact, default: Node, origin: Origin) -> Node:
    if flag.several:
        return Unknown(Reason.OUTSIDE, "several values", origin)
    return merge(_option(each, default, origin) for each in leaves(flag.value))


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
