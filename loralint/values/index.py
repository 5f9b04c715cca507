"""What all files say, by path and by name: modules, functions, classes, names, calls."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping as Table
from posixpath import dirname

from loralint.catalog import PACKAGES, STARTED_ELSEWHERE
from loralint.facts import (
    ABSENT,
    Attribute,
    CallFact,
    Choice,
    ClassFact,
    Either,
    FileFacts,
    FunctionFact,
    Item,
    Known,
    Mapping,
    Parameter,
    Partial,
    Result,
    Sequence,
    Site,
    Symbol,
    Term,
)

COMPUTED = "*"
"""The name under which calls of something computed are found."""


class Index:
    """All facts of a project, ready to be looked up; `paths` are those of all files, read or not.

    `definitions` are all meanings of a name, where branches define it differently. `bound` are the
    names under which a function or class of another name may be called: aliases, fields, keys,
    and classes that inherit.
    """

    def __init__(self, facts: Table[str, FileFacts], paths: Iterable[str] = ()) -> None:
        self.files: dict[str, FileFacts] = {}
        self.paths = frozenset({*facts, *paths})
        self.modules = Modules(self.paths)
        self.functions: dict[tuple[str, str], FunctionFact] = {}
        self.classes: dict[tuple[str, str], ClassFact] = {}
        self.definitions: dict[tuple[str, str], tuple[ClassFact | FunctionFact, ...]] = {}
        self.names: dict[tuple[str, str], Term] = {}
        self.calls_by_name: defaultdict[str, list[Site]] = defaultdict(list)
        self.aliases: defaultdict[str, set[str]] = defaultdict(set)
        self.subclasses: defaultdict[str, set[str]] = defaultdict(set)
        self.bound: set[str] = set()
        self._lazy: dict[str, dict[str, Symbol]] = {}
        for each in facts.values():
            self.add(each)

    def add(self, facts: FileFacts) -> None:
        """Add what one more file says."""
        path = facts.path
        self.files[path] = facts
        self._lazy.pop(path, None)
        for function in facts.functions:
            self.functions[path, function.name] = function
        for class_ in facts.classes:
            self.classes[path, class_.name] = class_
            for base in class_.bases:
                self.subclasses[last_name(base)].add(_tail(class_.name))
        definitions: tuple[ClassFact | FunctionFact, ...] = (*facts.classes, *facts.functions)
        for one in definitions:
            key = (path, one.name)
            self.definitions[key] = (*self.definitions.get(key, ()), one)
        for name, term in facts.names:
            self.names[path, name] = term
            self._alias(name, term)
        self._add_calls(facts)
        self.bound.update(_bound(facts))

    def lazy(self, path: str, name: str) -> Term | None:
        """What a package hands on under a name when somebody asks for it (PEP 562)."""
        if not path.endswith("__init__.py"):
            return None
        if path not in self._lazy:
            self._lazy[path] = dict(_lazily(self.files[path])) if path in self.files else {}
        return self._lazy[path].get(name)

    def _alias(self, name: str, term: Term) -> None:
        for target in _callee_names(term):
            if target not in (name, COMPUTED):
                self.aliases[target].add(name)

    def _add_calls(self, facts: FileFacts) -> None:
        for position, call in enumerate(facts.calls):
            for name in _callee_names(call.callee):
                self.calls_by_name[name].append(Site(facts.path, position))

    def call(self, site: Site) -> CallFact:
        """The call at a site."""
        return self.files[site.file].calls[site.number]

    def calls_of(self, name: str) -> list[Site]:
        """The calls that may be of a function or class of this name, or of an alias of it."""
        names = {name, *self.aliases.get(name, ())}
        return [site for each in sorted(names) for site in self.calls_by_name.get(each, ())]

    def descendants(self, name: str) -> set[str]:
        """The names of the classes that inherit from a class of this name."""
        found: set[str] = set()
        todo = [name]
        while todo:
            fresh = self.subclasses.get(todo.pop(), set()) - found
            found |= fresh
            todo.extend(fresh)
        return found


def _bound(facts: FileFacts) -> Iterator[str]:
    """The names under which something of another name may be called."""
    yield from _called_otherwise(facts.names)
    for class_ in facts.classes:
        if class_.bases:
            yield _tail(class_.name)
        yield from _called_otherwise(class_.attributes)
        yield from _called_otherwise((each.name, each.default) for each in class_.fields)
    for call in facts.calls:
        yield from _called_otherwise((each.name, each.value) for each in call.arguments)


def _called_otherwise(given: Iterable[tuple[str | None, Term]]) -> Iterator[str]:
    for name, term in given:
        if name and isinstance(term, _CALLABLE) and last_name(term) != name:
            yield name
        if isinstance(term, Mapping):
            yield from _called_otherwise(term.entries)


_CALLABLE = (Attribute, Choice, Either, Item, Parameter, Partial, Result, Symbol)
_TABLES = ("import", "lazy", "export", "attr")
"""Parts of the names of tables by which a package hands on what its modules define."""


def _lazily(facts: FileFacts) -> Iterator[tuple[str, Symbol]]:
    """The names that a package's `__getattr__` or lazy module finds, and where.

    `_import_structure = {"models": ["Model"]}`, `{"Model": ".models"}`, lazy_loader's `attach`, and
    an import in `__getattr__` itself.
    """
    tables = [term for name, term in facts.names if any(part in name.lower() for part in _TABLES)]
    for call in facts.calls:
        if last_name(call.callee) in ("attach", "_LazyModule", "LazyModule"):
            tables += [given.value for given in call.arguments]
    for table in tables:
        yield from _of_table(table) if isinstance(table, Mapping) else ()
    found = next((each for each in facts.functions if each.name == "__getattr__"), None)
    returns = found.returns if found is not None else ABSENT
    for term in returns.values if isinstance(returns, Choice) else (returns,):
        if isinstance(term, Symbol) and term.module.startswith(".") and term.name:
            yield _tail(term.name), term


def _of_table(table: Mapping) -> Iterator[tuple[str, Symbol]]:
    for key, value in table.entries:
        if key is None:
            continue
        items = value.items if isinstance(value, Sequence) else ()
        names = [item.value for item in items if isinstance(item, Known)]
        texts = [name for name in names if isinstance(name, str)]
        if texts and texts[0].startswith("."):  # "Model": (".models", "Model")
            yield key, Symbol(texts[0], texts[-1] if len(texts) > 1 else key)
        elif isinstance(value, Known) and isinstance(value.value, str):
            yield key, Symbol(f".{value.value.lstrip('.')}", key)
        else:
            yield from ((name, Symbol(f".{key.lstrip('.')}", name)) for name in texts)


def _callee_names(term: Term) -> tuple[str, ...]:
    """The last names of what is called; COMPUTED where that is looked up somewhere."""
    if isinstance(term, (Symbol, Attribute)):
        return called_names(term)
    if isinstance(term, Partial):
        return _callee_names(term.callee)
    if isinstance(term, Choice):
        return tuple({name for option in term.values for name in _callee_names(option)})
    return (COMPUTED,) if isinstance(term, (Item, Result)) else ()


def called_names(term: Symbol | Attribute) -> tuple[str, ...]:
    """The last name of what is called; of `train.remote`, that of the function before it, too."""
    name = last_name(term)
    if name not in STARTED_ELSEWHERE:
        return (name,)
    base: Term = term.base if isinstance(term, Attribute) else ABSENT
    if isinstance(term, Symbol):
        base = Symbol(term.module, term.name.rpartition(".")[0])
    return (name, *(called_names(base) if isinstance(base, (Symbol, Attribute)) else (COMPUTED,)))


def last_name(term: object) -> str:
    """The last part of the name that a term is, "" for other terms."""
    return _tail(term.name) if isinstance(term, (Symbol, Attribute)) else ""


def _tail(name: str) -> str:
    return name.rpartition(".")[2]


# --- modules ------------------------------------------------------------------------------------


class Modules:
    """The Python files of a project by import name.

    A name is looked for as Python would: beside the importing file and in the folders above it
    (one of them is the root of the import path), each with a `src` folder. A name that only one
    file of the project can mean is that file, as code that changes `sys.path` needs.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(path for path in paths if path.endswith((".py", ".pyi")))
        self._found: dict[tuple[str, str], str | None] = {}
        self._folders: dict[str, tuple[str, ...]] = {}
        self._by_stem: defaultdict[str, list[str]] = defaultdict(list)
        for path in self._paths:
            self._by_stem[_stem(path)].append(path)

    def find(self, importer: str, module: str) -> str | None:
        """The project's file that `module` means in the file `importer`."""
        key = (importer.rpartition("/")[0], module)
        if key not in self._found:
            self._found[key] = self._search(importer, module)
        return self._found[key]

    def __contains__(self, path: str) -> bool:
        return path in self._paths

    def ending(self, below: str) -> str | None:
        """The one file of the project whose path ends like this."""
        stem = below.removesuffix(".py").rpartition("/")[2]
        found = [path for path in self._by_stem[stem] if f"/{path}".endswith(f"/{below}")]
        return found[0] if len(found) == 1 else None

    def _search(self, importer: str, module: str) -> str | None:
        if module.startswith("."):
            return self._at(relative(importer, module))
        below = module.replace(".", "/")
        for folder in self._import_folders(dirname(importer)):
            found = self._at(f"{folder}/{below}" if folder else below)
            if found is not None and found != importer:
                return found
        return self._unique(below)

    def _at(self, stem: str) -> str | None:
        # A folder wins over a file of the same name, as it does in Python.
        for path in (f"{stem}/__init__.py" if stem else "__init__.py", f"{stem}.py"):
            if path in self._paths:
                return path
        return None

    def _import_folders(self, folder: str) -> tuple[str, ...]:
        if folder not in self._folders:
            above = [folder]
            while above[-1]:
                above.append(dirname(above[-1]))
            with_src = (f"{each}/src" if each else "src" for each in above)
            self._folders[folder] = (*above, *with_src)
        return self._folders[folder]

    def _unique(self, below: str) -> str | None:
        root = below.partition("/")[0]
        if root in PACKAGES or root in sys.stdlib_module_names:
            return None
        ends = (f"/{below}.py", f"/{below}/__init__.py")
        fitting = [path for path in self._by_stem[below.rpartition("/")[2]] if path.endswith(ends)]
        return fitting[0] if len(fitting) == 1 else None


def _stem(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return folder.rpartition("/")[2] if name == "__init__.py" else name.rpartition(".")[0]


def relative(importer: str, module: str) -> str:
    """The path, without suffix, that a relative import means."""
    name = module.lstrip(".")
    folder = dirname(importer)
    for _ in range(len(module) - len(name) - 1):
        folder = dirname(folder)
    return "/".join(part for part in (folder, name.replace(".", "/")) if part)
