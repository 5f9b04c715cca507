"""What the linker would need to see more: files that are read or imported, functions called.

The engine extracts the files that name a loader first; most others never matter. Asked again
after each round, this ends by itself: it names nothing that was extracted already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from loralint.facts import Data, FileFacts, Known, Site, Symbol, Term
from loralint.project.calls import Linker
from loralint.project.classify import meaning_of
from loralint.project.needed import entered, needed
from loralint.project.requirements import asks_versions, is_requirement_file
from loralint.values import commands
from loralint.values.callers import parts_of
from loralint.values.evaluator import Evaluator
from loralint.values.index import Index, Modules
from loralint.values.libraries import libraries
from loralint.values.nodes import Unevaluated
from loralint.values.paths import candidates, normal
from loralint.values.values import texts_of

COMMON = frozenset(
    """main run forward train test __init__ __call__ setup build create load load_model get call
    init start process predict generate evaluate eval step fit update make execute apply save
    from_pretrained prepare handle worker invoke infer inference model tokenizer pipeline""".split()
)
"""Names that too many files mention: only an import ties a caller of these to the function."""

_PLAIN = (".env", ".yaml", ".yml", ".json", ".toml")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Files to extract next, and names whose callers may be in files not extracted yet."""

    paths: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass(slots=True)
class Asked:
    """What earlier rounds of one run found out, so that no round asks it again.

    `names` are those whose callers were looked for; `needs` holds for a file the symbols that it
    needs, as long as the same files that its calls may enter have been read, and callers of the
    same names are looked for.
    """

    names: set[str] = field(default_factory=set)
    entered: dict[str, frozenset[str]] = field(default_factory=dict)
    called: dict[str, frozenset[str]] = field(default_factory=dict)
    needs: dict[str, tuple[object, list[Symbol]]] = field(default_factory=dict)
    reads: dict[str, list[Data]] = field(default_factory=dict)

    def data(self, facts: FileFacts) -> list[Data]:
        """The configuration files that a file reads, as it names them."""
        if facts.path not in self.reads:
            found = (term for term in _terms(facts) if isinstance(term, Data))
            self.reads[facts.path] = list(found)
        return self.reads[facts.path]

    def needed(self, index: Index, facts: FileFacts) -> list[Symbol]:
        """The symbols of other modules that matter in a file."""
        path = facts.path
        if path not in self.entered:
            self.entered[path] = frozenset(entered(index, facts))
            self.called[path] = frozenset(_called(call.callee) for call in facts.calls)
        names = self.called[path] & self.names
        state = (self.entered[path] & index.files.keys(), names)
        known = self.needs.get(path)
        if known is None or known[0] != state:
            known = self.needs[path] = (state, list(needed(index, facts, names)))
        return known[1]


def wanted(
    facts: Mapping[str, FileFacts], files: Collection[str], asked: Asked | None = None
) -> Wanted:
    """What to extract next, given the facts so far and all paths of the project."""
    asked = asked if asked is not None else Asked()
    index = Index(facts, files)
    evaluator = Evaluator(index, libraries)
    linker = Linker(evaluator, meaning_of)
    modules = index.modules
    paths: set[str] = set()
    names = {*asked.names, *COMMON}
    used: set[str] = set()
    for each in index.files.values():
        paths.update(_modules(index, each, asked, used))
    for each in index.files.values():
        if each.path.endswith("__init__.py"):
            paths.update(_reexported(modules, each, used))
        paths.update(_data(evaluator, each, files, asked))
        _names(linker, each, names)
    paths.update(script for script, _ in commands.all_runs(index))
    if any(asks_versions(each) for each in index.files.values()):
        paths.update(path for path in files if is_requirement_file(path))
    evaluator.release()
    fresh = names - COMMON - asked.names
    asked.names |= fresh
    return Wanted(frozenset(paths - set(index.files)), frozenset(fresh))


# --- modules ------------------------------------------------------------------------------------


def _modules(index: Index, facts: FileFacts, asked: Asked, used: set[str]) -> Iterator[str]:
    """The project's files whose names matter in a file; the names themselves go into `used`."""
    for symbol in asked.needed(index, facts):
        used.update(symbol.name.split("."))
        yield from _files_of(index.modules, facts.path, symbol)
    if facts.calls:
        yield from _found(index.modules, facts.path, facts.star_imports)


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
    evaluator: Evaluator, facts: FileFacts, files: Collection[str], asked: Asked
) -> Iterator[str]:
    """The configuration files that a file reads by a path that is known, or a default."""
    frame = evaluator.module_frame(facts.path)
    for term in asked.data(facts):
        for text in texts_of(evaluator.value(Unevaluated(term.path, frame))):
            yield from _existing(text, facts.path, files)
    if any(_called(call.callee) == "load_dotenv" for call in facts.calls):
        yield from _existing(".env", facts.path, files)
    yield from _hydra(evaluator, facts, files)


def _existing(text: str, script: str, files: Collection[str]) -> Iterator[str]:
    found = next((path for path in candidates(text, script) if path in files), None)
    if found is not None and found.endswith(_PLAIN):
        yield found


def _called(term: Term) -> str:
    return term.name.rpartition(".")[2] if isinstance(term, Symbol) else ""


def _hydra(evaluator: Evaluator, facts: FileFacts, files: Collection[str]) -> Iterator[str]:
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


# --- names --------------------------------------------------------------------------------------


def _names(linker: Linker, facts: FileFacts, names: set[str]) -> None:
    """Add the functions and classes whose callers decide what is loaded."""
    for position, call in enumerate(facts.calls):
        site = Site(facts.path, position)
        name = _called_as(call.function)
        if not name or name in names or linker.meaning(site).loading is None:
            continue
        if linker.evaluator.callers.depends(site):
            names.add(name)


def _called_as(function: str) -> str:
    """How a function is called: a method by its own name, a constructor by its class's."""
    owner, _, name = function.rpartition(".")
    return name if name != "__init__" else owner.rpartition(".")[2]
