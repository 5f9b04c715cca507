"""Which files the linker needs to see more: those that are read or imported, those that call.

The engine extracts the files that name a loader first; most others never matter. Asked again
after each round, this ends by itself: it names nothing that was extracted already. What a file
says by itself is looked at once, and the index of all files grows from round to round.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from posixpath import basename

from loralint.catalog import METHODS, PACKAGES
from loralint.facts import (
    CallFact,
    Data,
    Default,
    Existing,
    FileFacts,
    Known,
    Parameter,
    Result,
    Self,
    Site,
    Symbol,
    Term,
    Unknown,
    leaves,
    parts_of,
)
from loralint.project.calls import Linker
from loralint.project.classify import calls_a_loader, new_linker
from loralint.project.requirements import asks_versions, is_requirement_file
from loralint.values import commands
from loralint.values.evaluator import Evaluator
from loralint.values.index import Index, Modules, called_names
from loralint.values.libraries.files import DOTENV, env_paths
from loralint.values.nodes import Frame, Unevaluated
from loralint.values.paths import files_alike, files_meant, is_test, normal

COMMON = frozenset(
    """main run forward train test __init__ __call__ setup build create load load_model get call
    init start process predict generate evaluate eval step fit update make execute apply save
    from_pretrained prepare handle worker invoke infer inference model tokenizer pipeline""".split()
)
"""Names that too many files mention: a caller of these mentions the module or class, too."""

_PLAIN = (".env", ".yaml", ".yml", ".json", ".toml")
"""Configuration files that scripts read by path."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Files to extract next, and what those mention that call what is known already."""

    paths: frozenset[str] = frozenset()
    callers: tuple[Mention, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names that are mentioned alone."""
        return frozenset(each.name for each in self.callers if not each.beside)


@dataclass(frozen=True, slots=True, order=True)
class Mention:
    """A name that a caller mentions, and the module's name `beside` it where it is a common one.

    Only tests call what `tests` define; what they give decides nothing elsewhere.
    """

    name: str
    beside: str = ""
    tests: bool = False


@dataclass(slots=True)
class _File:
    """What a file says by itself, whatever else is read.

    `entered` are the project's files that its calls may enter, `called` the names that they call,
    `reads` the configuration files that it reads, as it names them. `inside` are its calls inside
    of functions, each with the names under which the function is called: those of which it is not
    settled whether callers decide what they load. `symbols` are those of other modules that
    matter, found in `state`: of the files that its calls enter those that had been read, and the
    names of those whose callers were looked for.
    """

    facts: FileFacts
    entered: frozenset[str]
    called: frozenset[str]
    reads: tuple[Data, ...]
    inside: tuple[tuple[Site, tuple[Mention, ...]], ...]
    asks_versions: bool
    state: object = None
    symbols: tuple[Symbol, ...] = ()


class NeededFiles:
    """The questions of one run, round by round; `files` are all paths of the project."""

    def __init__(self, files: Collection[str]) -> None:
        self._paths = files
        self._index = Index({}, files)
        self._files: dict[str, _File] = {}
        self._names: set[str] = set()
        self._looked_for: set[Mention] = set()
        self._linker: Linker | None = None

    def after(self, facts: Iterable[FileFacts]) -> Needed:
        """What to extract next, once these files were extracted, too."""
        fresh = list(facts)
        for each in fresh:
            self._index.add(each)
        self._index.files = dict(sorted(self._index.files.items()))  # the order of a single round
        if self._linker is not None:
            self._linker.evaluator.release()
        linker = self._linker = new_linker(self._index)
        evaluator = linker.evaluator
        for each in fresh:
            self._files[each.path] = self._looked_at(each)
        paths = {*self._imported(), *self._configuration(evaluator)}
        paths.update(script for script, _ in commands.all_runs(self._index))
        if any(each.asks_versions for each in self._files.values()):
            paths.update(path for path in self._paths if is_requirement_file(path))
        callers = self._undecided(linker)
        self._names.update(each.name for each in callers if not each.beside)
        return Needed(frozenset(paths - self._files.keys()), tuple(sorted(callers)))

    @property
    def linker(self) -> Linker | None:
        """What was concluded of the files so far: no question of it needs to be asked again."""
        return self._linker

    def _looked_at(self, facts: FileFacts) -> _File:
        modules = {each.callee.module for each in facts.calls if isinstance(each.callee, Symbol)}
        found = (self._index.modules.find(facts.path, module) for module in modules - {""})
        named = (
            (Site(facts.path, number), _called_as(facts.path, call.function))
            for number, call in enumerate(facts.calls)
            if call.function
        )
        return _File(
            facts=facts,
            entered=frozenset(path for path in found if path is not None),
            called=frozenset(name for call in facts.calls for name in _called_names(call.callee)),
            reads=tuple(term for term in _terms(facts) if isinstance(term, Data)),
            inside=tuple(named),
            asks_versions=asks_versions(facts),
        )

    def _imported(self) -> Iterator[str]:
        """The files of the modules whose names matter, also behind a package that hands them on."""
        modules = self._index.modules
        used: set[str] = set()
        for each in self._files.values():
            path = each.facts.path
            for symbol in self._symbols(each):
                used.update(symbol.name.split("."))
                yield from _files_of(modules, path, symbol)
            if each.facts.calls:
                yield from _found(modules, path, each.facts.star_imports)
        for path, each in self._files.items():
            if path.endswith("__init__.py"):
                yield from _reexported(modules, each.facts, used)
                for name in used:
                    handed_on = self._index.lazy(path, name)
                    if isinstance(handed_on, Symbol):
                        yield from _files_of(modules, path, handed_on)

    def _symbols(self, file: _File) -> tuple[Symbol, ...]:
        """The symbols of other modules that matter in a file."""
        names = file.called & self._names
        state = (file.entered & self._index.files.keys(), names)
        if file.state != state:
            file.state = state
            file.symbols = tuple(_Walk(self._index, file.facts, names).symbols())
        return file.symbols

    def _configuration(self, evaluator: Evaluator) -> Iterator[str]:
        for each in self._files.values():
            yield from _data(evaluator, each.facts, self._paths, each.reads)

    def _undecided(self, linker: Linker) -> frozenset[Mention]:
        """The functions and classes whose callers decide what is loaded, not looked for so far."""
        found: set[Mention] = set()
        for each in self._files.values():
            rest: list[tuple[Site, tuple[Mention, ...]]] = []
            for site, names in each.inside:
                if all(name in found or name in self._looked_for for name in names):
                    continue
                if not calls_a_loader(linker, site):
                    rest.append((site, names))  # what is read next may say what is called
                elif linker.evaluator.callers.depends_around(site):
                    found.update(names)
            each.inside = tuple(rest)
        self._looked_for |= found
        return frozenset(found)


def _called_as(path: str, function: str) -> tuple[Mention, ...]:
    """How a function is called, or what it is inside of: a method and its object's class, too."""
    stem = path.removesuffix("/__init__.py").rpartition("/")[2].removesuffix(".py")
    return tuple(
        Mention(each, stem if each in COMMON else "", is_test(path))
        for each in dict.fromkeys(reversed(function.split(".")))
        if each != "__init__"
    )


# --- modules ------------------------------------------------------------------------------------


def _reexported(modules: Modules, facts: FileFacts, used: set[str]) -> Iterator[str]:
    """The files from which a package takes the names that somebody uses."""
    for name, term in facts.names:
        if name in used and isinstance(term, Symbol) and term.module:
            yield from _files_of(modules, facts.path, term)
    yield from _found(modules, facts.path, facts.star_imports)


def _files_of(modules: Modules, path: str, symbol: Symbol) -> Iterator[str]:
    """The file of a symbol's module, and of the submodule that its name may be."""
    separator = "" if symbol.module.endswith(".") else "."
    parts = symbol.name.split(".") if symbol.name else []
    below = (separator.join((symbol.module, ".".join(parts[:size]))) for size in (1, 2) if parts)
    yield from _found(modules, path, (symbol.module, *below))


def _found(modules: Modules, path: str, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        found = modules.find(path, name)
        if found is not None:
            yield found


# --- data files ---------------------------------------------------------------------------------


def _data(
    evaluator: Evaluator, facts: FileFacts, files: Collection[str], read: Iterable[Data]
) -> Iterator[str]:
    """The configuration files that a file reads by a path that is known, or a default."""
    frame = evaluator.module_frame(facts.path)
    for term in read:
        paths = [
            evaluator.value(Unevaluated(term.path, each))
            for each in (frame, *_inside(evaluator, facts.path, term.path))
        ]
        for leaf in dict.fromkeys(leaf for path in paths for leaf in leaves(path)):
            if isinstance(leaf, Unknown) and leaf.pattern:
                yield from files_alike(leaf, facts.path, files)
            elif isinstance(leaf, (Known, Default)) and isinstance(leaf.value, str):
                yield from _existing(leaf.value, facts.path, files)
    for number, call in enumerate(facts.calls):
        if _called(call.callee) == "load_dotenv":
            for text in env_paths(evaluator, Site(facts.path, number)):
                yield from _existing(text, facts.path, files)
    yield from _hydra(facts, files)


def _inside(evaluator: Evaluator, path: str, term: Term) -> list[Frame]:
    """The frames of a function that reads the file that it is given: each caller names its own."""
    given = term.path if isinstance(term, Existing) else term
    return evaluator.entries(path, given.function) if isinstance(given, Parameter) else []


def _existing(text: str, script: str, files: Collection[str]) -> Iterator[str]:
    found = next((path for path in files_meant(text, script) if path in files), None)
    if found is not None and (found.endswith(_PLAIN) or basename(found).startswith(DOTENV)):
        yield found


def _called_names(term: Term) -> tuple[str, ...]:
    return called_names(term) if isinstance(term, Symbol) else ()


def _called(term: Term) -> str:
    return term.name.rpartition(".")[2] if isinstance(term, Symbol) else ""


def _hydra(facts: FileFacts, files: Collection[str]) -> Iterator[str]:
    """All of the configuration folder of a script that Hydra runs: its groups are files."""
    for call in facts.calls:
        callee = call.callee
        if not isinstance(callee, Symbol) or f"{callee.module}.{callee.name}" not in (
            "hydra.main",
            "hydra.initialize",
        ):
            continue
        given = {each.name: each.value for each in call.arguments}
        folder = given.get("config_path", call.arguments[0].value if call.arguments else Known(""))
        if isinstance(folder, Known):
            script = facts.path.rpartition("/")[0] or "."
            base = normal(f"{script}/{folder.value or ''}")
            yield from (path for path in files if path.startswith(f"{base}/") and _is_yaml(path))


def _is_yaml(path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _terms(facts: FileFacts) -> Iterator[Term]:
    """Every term of a file that has parts, with those inside it."""
    todo: list[Term] = [term for _, term in facts.names]
    for call in facts.calls:
        todo += [each.value for each in call.arguments]
    for function in facts.functions:
        todo.append(function.returns)
    for class_ in facts.classes:
        todo += [term for _, term in class_.attributes]
        todo += [field.default for field in class_.fields]
    seen: set[int] = set()  # terms share their parts
    while todo:
        term = todo.pop()
        parts = parts_of(term)
        if parts and id(term) not in seen:
            seen.add(id(term))
            yield term
            todo.extend(parts)


# --- what matters of a file ---------------------------------------------------------------------


class _Walk:
    """From the calls of a file that matter to the other modules that they are made of."""

    def __init__(self, index: Index, facts: FileFacts, names: Collection[str]) -> None:
        self.index = index
        self.facts = facts
        self.names = names
        self.seen: set[object] = set()
        self.todo: list[Term] = []

    def symbols(self) -> Iterator[Symbol]:
        """Every symbol that is reached from a call that matters, each once."""
        for call in self.facts.calls:
            if self._matters(call):
                self._call(call)
        while self.todo:
            term = self.todo.pop()
            if isinstance(term, Symbol) and term.module:
                if self._first(("symbol", term)) and _root(term) not in PACKAGES:
                    yield term
            else:
                self._open(term)

    def _matters(self, call: CallFact) -> bool:
        """Whether a call loads, saves or acts, or enters a function that may."""
        callee = call.callee
        if not isinstance(callee, Symbol):
            return True  # a method or a computed callee: recorded since it may matter
        last = callee.name.rpartition(".")[2]
        if last in METHODS or _root(callee) in PACKAGES:
            return True
        if any(name in self.names for name in called_names(callee)):
            return True
        if "env" in last.lower():  # `load_env()` may decide what the environment holds
            return True
        found = self.index.modules.find(self.facts.path, callee.module) if callee.module else ""
        return found == "" or found in self.index.files

    def _call(self, call: CallFact) -> None:
        self.todo += [call.callee, *(each.value for each in call.arguments)]

    def _open(self, term: Term) -> None:
        if isinstance(term, Symbol):
            self._own(term.name)
        elif isinstance(term, Result):
            if self._first(term.call):
                self._call(self.facts.calls[term.call])
        elif isinstance(term, Self):
            self._own(term.class_)
        else:
            self.todo.extend(parts_of(term))

    def _own(self, name: str) -> None:
        """What a name of this file stands for: a value, a function's results, a class."""
        path = self.facts.path
        if not self._first(("own", name)):
            return
        function = self.index.functions.get((path, name))
        if function is not None:
            self.todo += [function.returns, *(each.default for each in function.parameters)]
        class_ = self.index.classes.get((path, name))
        if class_ is not None:
            self.todo += [*class_.bases, *(each.default for each in class_.fields)]
            self.todo += [term for _, term in class_.attributes]
        bound = self.index.names.get((path, name.partition(".")[0]))
        if bound is not None:
            self.todo.append(bound)

    def _first(self, key: object) -> bool:
        new = key not in self.seen
        self.seen.add(key)
        return new


def _root(symbol: Symbol) -> str:
    return symbol.module.partition(".")[0]
