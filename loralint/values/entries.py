"""Functions that the command line calls: click, typer, fire, Hydra."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from loralint.facts import (
    Absent,
    Attribute,
    CallFact,
    Default,
    Known,
    Origin,
    OriginKind,
    ParameterFact,
    Result,
    Site,
    Symbol,
    Term,
)
from loralint.values import arguments as args, commands, hydra
from loralint.values.members import soften_option
from loralint.values.nodes import Function, Node, options

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

_OPTIONS = frozenset({"option", "argument", "click_option"})
_COMMANDS = frozenset({"command", "group", "callback", "main", "hydra_main", "entrypoint"})
_RUNNERS = frozenset({"Fire", "run", "cli", "CLI", "auto_cli"})
_RUNNING = ("fire.", "typer.", "tyro.", "jsonargparse.", "defopt.", "clize.", "plac.")


def is_open(evaluator: Evaluator, path: str, function: str) -> bool:
    """Whether somebody outside the project's code calls a function with arguments of theirs."""
    fact = evaluator.function(path, function)
    if fact is None:
        return False
    names = {_name(term) for term in _decorators(evaluator, path, fact.decorators)}
    registered = any("regist" in name.lower() for name in names)
    if registered or names & _COMMANDS or _is_registered(evaluator, path, function):
        return True
    return (path, function) in _run_from_outside(evaluator)


def _is_registered(evaluator: Evaluator, path: str, function: str) -> bool:
    """Whether a function is the constructor of a class that a registry makes objects of."""
    owner, _, name = function.rpartition(".")
    class_ = evaluator.index.classes.get((path, owner)) if name == "__init__" else None
    terms = _decorators(evaluator, path, class_.decorators) if class_ is not None else ()
    return any("regist" in _name(term).lower() for term in terms)


def _decorators(evaluator: Evaluator, path: str, decorators: tuple[Term, ...]) -> Iterator[Term]:
    for decorator in decorators:
        if isinstance(decorator, Result):
            yield evaluator.index.call(Site(path, decorator.call)).callee
        else:
            yield decorator


def _name(term: Term) -> str:
    return term.name.rpartition(".")[2] if isinstance(term, (Symbol, Attribute)) else ""


def _run_from_outside(evaluator: Evaluator) -> set[tuple[str, str]]:
    """The functions that are handed to fire, typer and their kin."""
    cache = evaluator.cache("run")
    if "found" not in cache:
        cache["found"] = set()
        for name in _RUNNERS:
            for site in evaluator.index.calls_by_name.get(name, ()):
                cache["found"] |= _handed_over(evaluator, site[0], evaluator.index.call(site))
    found: set[tuple[str, str]] = cache["found"]
    return found


def _handed_over(evaluator: Evaluator, path: str, call: CallFact) -> set[tuple[str, str]]:
    callee = call.callee
    if not isinstance(callee, Symbol) or not f"{callee.module}.".startswith(_RUNNING):
        return set()
    arguments = args.of_call(call.arguments, evaluator.module_frame(path))
    given = evaluator.argument(arguments, ("component", "function", "func"), 0)
    nodes = options(given) if given is not None else ()
    return {(node.path, node.fact.name) for node in nodes if isinstance(node, Function)}


def option_of(evaluator: Evaluator, function: Function, parameter: ParameterFact) -> Node | None:
    """What a decorator says of a parameter: a click option, or Hydra's configuration."""
    for decorator in function.fact.decorators:
        if not isinstance(decorator, Result):
            continue
        call = evaluator.index.call(Site(function.path, decorator.call))
        name = _name(call.callee)
        if name in _OPTIONS and parameter.name in _destinations(call):
            default = _click_default(evaluator, function.path, call, parameter.name)
            origin = Origin(OriginKind.OPTION, function.path, (parameter.name,))
            names = _destinations(call) | {parameter.name}
            return commands.decided(evaluator, (function.path,), names, default, origin)
        if name == "main" and parameter is function.fact.parameters[0]:
            return hydra.configuration(evaluator, function.path, call)
    return None


def _destinations(call: CallFact) -> frozenset[str]:
    """The parameters that a click option may fill: the explicit name, or a flag's."""
    texts = [
        given.value.value
        for given in call.arguments
        if given.name is None and isinstance(given.value, Known)
    ]
    flags = [text for text in texts if isinstance(text, str)]
    plain = [text for text in flags if not text.startswith("-")]
    parts = [part for text in plain or flags for part in text.split("/")]
    return frozenset(part.lstrip("-").replace("-", "_").lower() for part in parts)


def _click_default(evaluator: Evaluator, path: str, call: CallFact, name: str) -> Node:
    origin = Origin(OriginKind.OPTION, path, (name,))
    arguments = args.of_call(call.arguments, evaluator.module_frame(path))
    given = evaluator.argument(arguments, ("default",))
    if given is None or isinstance(given, Absent):
        flag = evaluator.argument(arguments, ("is_flag",)) == Known(True)
        return Default(False if flag else None, origin)
    return soften_option(given, origin)
