"""Names → what they mean: of the file itself, of other files, of libraries."""

from __future__ import annotations

from loralint.catalog import VENDORED
from loralint.facts import (
    Choice,
    ClassFact,
    FileFacts,
    FunctionFact,
    Origin,
    OriginKind,
    Reason,
    Symbol,
    Term,
    Unknown,
)
from loralint.values.evaluation import Evaluation
from loralint.values.index import relative
from loralint.values.nodes import Class, External, Function, Module, Node, merge
from loralint.values.paths import is_test

MAX_STARS = 8
"""How many `from x import *` are followed from one file to the next."""


def resolve(evaluation: Evaluation, path: str, symbol: Symbol) -> Node:
    """The node of a symbol as the file at `path` writes it."""
    parts = symbol.name.split(".")
    if symbol.module == "":
        return own(evaluation, path, parts) or Unknown(Reason.UNDEFINED, symbol.name)
    if symbol.module == "builtins":  # or of a module whose names the file imports all
        found = _starred(evaluation, path, parts, MAX_STARS)
        return found or External(f"builtins.{symbol.name}")
    return _imported(evaluation, path, symbol.module, parts if symbol.name else [])


def own(evaluation: Evaluation, path: str, parts: list[str], stars: int = MAX_STARS) -> Node | None:
    """What a dotted name means inside its own file."""
    branches = _branches(evaluation, path, parts[0])
    if branches:
        return merge(_attributes(evaluation, each, parts[1:]) for each in branches)
    for length in range(len(parts), 0, -1):
        found = _defined(evaluation, path, ".".join(parts[:length]))
        if found is not None:
            return _attributes(evaluation, found, parts[length:])
    term = evaluation.index.names.get((path, parts[0])) or evaluation.index.lazy(path, parts[0])
    if term is not None and term != Symbol("", parts[0]):
        node = evaluation.force(term, evaluation.module_frame(path))
        return _attributes(evaluation, node, parts[1:])
    return _starred(evaluation, path, parts, stars)


def _branches(evaluation: Evaluation, path: str, name: str) -> list[Node]:
    """What a name may mean that branches define differently, at least one of them here."""
    term = evaluation.index.names.get((path, name))
    several = evaluation.index.definitions.get((path, name), ())
    own_name = Symbol("", name)
    terms = term.values if isinstance(term, Choice) and own_name in term.values else (own_name,)
    if len(terms) == 1 and len(several) < 2:
        return []
    facts = evaluation.index.files[path]
    found: list[Node] = []
    for each in terms:
        if each == own_name:
            found += [_definition(path, fact) for fact in several]
        elif not _is_missing(evaluation, facts, each):
            found.append(evaluation.force(each, evaluation.module_frame(path)))
    return found


def _is_missing(evaluation: Evaluation, facts: FileFacts, term: Term) -> bool:
    """Whether a name that a star may import is none of that module of the project."""
    if not (isinstance(term, Symbol) and term.module in facts.star_imports):
        return False
    target = evaluation.index.modules.find(facts.path, term.module)
    return target is not None and own(evaluation, target, term.name.split(".")) is None


def _definition(path: str, fact: ClassFact | FunctionFact) -> Node:
    return Class(path, fact) if isinstance(fact, ClassFact) else Function(path, fact)


def _defined(evaluation: Evaluation, path: str, name: str) -> Node | None:
    class_ = evaluation.index.classes.get((path, name))
    if class_ is not None:
        return Class(path, class_)
    function = evaluation.function(path, name)
    if function is None or function.class_:
        return None  # a method is found through its class, which knows what binds it
    return Function(path, function)


def _starred(evaluation: Evaluation, path: str, parts: list[str], stars: int) -> Node | None:
    facts = evaluation.index.files.get(path)
    for module in facts.star_imports if facts is not None and stars else ():
        target = evaluation.index.modules.find(path, module)
        found = own(evaluation, target, parts, stars - 1) if target is not None else None
        if found is not None:
            return found
    return None


def _imported(evaluation: Evaluation, path: str, module: str, parts: list[str]) -> Node:
    """A name of another module: the longest part that is a module of the project counts."""
    for length in range(len(parts), -1, -1):
        separator = "" if module.endswith(".") or not length else "."
        dotted = f"{module}{separator}{'.'.join(parts[:length])}"
        target = evaluation.index.modules.find(path, dotted)
        if target is None:
            continue
        rest = parts[length:]
        if target not in evaluation.index.files:
            origin = Origin(OriginKind.IMPORT, target, tuple(rest))
            unread = Unknown(Reason.NOT_READ, f"{'.'.join(rest)} of {target}", origin)
            return _of_library(path, dotted, rest) or unread
        found = own(evaluation, target, rest) if rest else Module(target)
        if isinstance(found, Unknown) and found.reason in _LOST:
            return _of_library(path, dotted, rest) or found
        if found is not None:
            return found
    if not module.startswith("."):
        return External(".".join((module, *parts)))
    origin = Origin(OriginKind.IMPORT, relative(path, module), tuple(parts))
    return Unknown(Reason.NOT_FOUND, f"{'.'.join(parts)} of {module}", origin)


_LOST = (Reason.NOT_READ, Reason.NOT_FOUND)


def _of_library(importer: str, module: str, parts: list[str]) -> External | None:
    """The library's name of what cannot be followed in the library's own source.

    Its tests make and load adapters by the thousand, none of them to be kept.
    """
    if module.partition(".")[0] not in VENDORED or not parts or is_test(importer):
        return None
    return External(".".join((module, *parts)))


def _attributes(evaluation: Evaluation, node: Node, names: list[str]) -> Node:
    for name in names:
        node = evaluation.attribute(node, name)
    return node
