"""Names → what they mean: of the file itself, of other files, of libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from loralint.values.modules import relative
from loralint.values.nodes import Class, External, Function, Module, Node, merge

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

MAX_STARS = 8
"""How many `from x import *` are followed from one file to the next."""


def resolve(evaluator: Evaluator, path: str, symbol: Symbol) -> Node:
    """The node of a symbol as the file at `path` writes it."""
    if symbol.module == "":
        found = own(evaluator, path, symbol.name.split("."))
        return found if found is not None else Unknown(Reason.UNDEFINED, symbol.name)
    if symbol.module == "builtins":  # or of a module whose names the file imports all
        found = _starred(evaluator, path, symbol.name.split("."), MAX_STARS)
        return found if found is not None else External(f"builtins.{symbol.name}")
    parts = symbol.name.split(".") if symbol.name else []
    return _imported(evaluator, path, symbol.module, parts)


def own(evaluator: Evaluator, path: str, parts: list[str], stars: int = MAX_STARS) -> Node | None:
    """What a dotted name means inside its own file."""
    options = _branched(evaluator, path, parts[0])
    if options:
        return merge([_attributes(evaluator, option, parts[1:]) for option in options])
    for length in range(len(parts), 0, -1):
        found = _defined(evaluator, path, ".".join(parts[:length]))
        if found is not None:
            return _attributes(evaluator, found, parts[length:])
    term = evaluator.index.names.get((path, parts[0]))
    if term is not None and term != Symbol("", parts[0]):
        return _attributes(
            evaluator, evaluator.force(term, evaluator.module_frame(path)), parts[1:]
        )
    return _starred(evaluator, path, parts, stars)


def _branched(evaluator: Evaluator, path: str, name: str) -> list[Node]:
    """What a name may mean that branches define differently, at least one of them here."""
    term = evaluator.index.names.get((path, name))
    several = evaluator.index.definitions.get((path, name), ())
    own_name = Symbol("", name)
    terms = term.values if isinstance(term, Choice) and own_name in term.values else (own_name,)
    if len(terms) == 1 and len(several) < 2:
        return []
    facts = evaluator.index.files[path]
    options: list[Node] = []
    for each in terms:
        if each == own_name:
            options += [_node(path, fact) for fact in several]
        elif not _is_missing(evaluator, facts, each):
            options.append(evaluator.force(each, evaluator.module_frame(path)))
    return options


def _is_missing(evaluator: Evaluator, facts: FileFacts, term: Term) -> bool:
    """Whether a name that a star may import is none of that module of the project."""
    if not (isinstance(term, Symbol) and term.module in facts.star_imports):
        return False
    target = evaluator.index.modules.find(facts.path, term.module)
    return target is not None and own(evaluator, target, term.name.split(".")) is None


def _node(path: str, fact: ClassFact | FunctionFact) -> Node:
    return Class(path, fact) if isinstance(fact, ClassFact) else Function(path, fact)


def _defined(evaluator: Evaluator, path: str, name: str) -> Node | None:
    class_ = evaluator.index.classes.get((path, name))
    if class_ is not None:
        return Class(path, class_)
    function = evaluator.index.functions.get((path, name))
    if function is None or function.class_:
        return None  # a method is found through its class, which knows what binds it
    return Function(path, function)


def _starred(evaluator: Evaluator, path: str, parts: list[str], stars: int) -> Node | None:
    facts = evaluator.index.files.get(path)
    for module in facts.star_imports if facts is not None and stars else ():
        target = evaluator.index.modules.find(path, module)
        if target is not None:
            found = own(evaluator, target, parts, stars - 1)
            if found is not None:
                return found
    return None


def _imported(evaluator: Evaluator, path: str, module: str, parts: list[str]) -> Node:
    """A name of another module: the longest part that is a module of the project counts."""
    modules = evaluator.index.modules
    for length in range(len(parts), -1, -1):
        target = modules.find(path, _dotted(module, parts[:length]))
        if target is None:
            continue
        if target not in evaluator.index.files:
            name = ".".join(parts[length:])
            origin = Origin(OriginKind.IMPORT, target, tuple(parts[length:]))
            return Unknown(Reason.NOT_READ, f"{name} of {target}", origin)
        if length == len(parts):
            return Module(target)
        found = own(evaluator, target, parts[length:])
        if found is not None:
            return found
    return _foreign(path, module, parts)


def _foreign(path: str, module: str, parts: list[str]) -> Node:
    if not module.startswith("."):
        return External(".".join((module, *parts)))
    name = ".".join(parts)
    origin = Origin(OriginKind.IMPORT, relative(path, module), tuple(parts))
    return Unknown(Reason.NOT_FOUND, f"{name} of {module}", origin)


def _dotted(module: str, parts: list[str]) -> str:
    separator = "" if module.endswith(".") or not parts else "."
    return f"{module}{separator}{'.'.join(parts)}"


def _attributes(evaluator: Evaluator, node: Node, names: list[str]) -> Node:
    for name in names:
        node = evaluator.attribute(node, name)
    return node
