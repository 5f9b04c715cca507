"""Functions that the command line calls: click, typer, fire, Hydra; and registries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from loralint.facts import (
    Absent,
    Argument,
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
from loralint.values.evaluation import Evaluation
from loralint.values.index import last_name
from loralint.values.libraries.hydra import Hydra
from loralint.values.libraries.mlflow import Mlflow
from loralint.values.nodes import (
    Class,
    Function,
    Instance,
    MappingNode,
    Node,
    arguments_of,
    options,
    soften_option,
)

_OPTIONS = frozenset({"option", "argument", "click_option"})
_COMMANDS = frozenset(
    {"command", "group", "callback", "main", "hydra_main", "entrypoint", "local_entrypoint"}
)
_WRAPPERS = frozenset({"wrap"})
"""Decorators that make an entry of a function whose first parameter is a configuration."""

_RUNNERS = frozenset({"Fire", "run", "cli", "CLI", "auto_cli"})
_RUNNING = ("fire.", "typer.", "tyro.", "jsonargparse.", "defopt.", "clize.", "plac.")


class Entries:
    """The functions through which a project is entered from outside."""

    def __init__(self, evaluation: Evaluation, hydra: Hydra) -> None:
        self.evaluation = evaluation
        self.hydra = hydra
        self.mlflow = Mlflow(evaluation)
        self._handed_over: set[tuple[str, str]] | None = None

    def is_open(self, path: str, function: str) -> bool:
        """Whether somebody outside the project's code calls a function with arguments of theirs."""
        fact = self.evaluation.function(path, function)
        if fact is None:
            return False
        names = set(self._names(path, fact.decorators))
        if names & (_COMMANDS | _WRAPPERS) or _registers(names):
            return True
        owner, _, name = function.rpartition(".")
        class_ = self.evaluation.index.classes.get((path, owner)) if name == "__init__" else None
        if class_ is not None and _registers(self._names(path, class_.decorators)):
            return True  # a registry makes objects of the class
        return (path, function) in self._run_from_outside()

    def _names(self, path: str, decorators: Iterable[Term]) -> Iterator[str]:
        for decorator in decorators:
            if isinstance(decorator, Result):
                yield last_name(self.evaluation.index.call(Site(path, decorator.call)).callee)
            else:
                yield last_name(decorator)

    def _run_from_outside(self) -> set[tuple[str, str]]:
        """The functions that are handed to fire, typer and their kin."""
        if self._handed_over is None:
            self._handed_over = set()
            for name in _RUNNERS:
                for site in self.evaluation.index.calls_by_name.get(name, ()):
                    self._handed_over |= self._given_to(site)
        return self._handed_over

    def _given_to(self, site: Site) -> set[tuple[str, str]]:
        call = self.evaluation.index.call(site)
        callee = call.callee
        if not isinstance(callee, Symbol) or not f"{callee.module}.".startswith(_RUNNING):
            return set()
        arguments = arguments_of(call.arguments, self.evaluation.module_frame(site.file))
        given = self.evaluation.argument(arguments, ("component", "function", "func"), 0)
        nodes = options(given) if given is not None else ()
        return {(node.path, node.fact.name) for node in nodes if isinstance(node, Function)}

    def parameter(self, function: Function, parameter: ParameterFact) -> Node | None:
        """What a decorator says of a parameter: a click option, or a whole configuration."""
        calls = [
            self.evaluation.index.call(Site(function.path, decorator.call))
            for decorator in function.fact.decorators
            if isinstance(decorator, Result)
        ]
        if parameter.kind == "**":
            return self._all_options(function, calls)
        if function.fact.class_:
            return self.mlflow.context(function, parameter)
        for call in calls:
            name = last_name(call.callee)
            if name in _OPTIONS and parameter.name in _destinations(call):
                return self._click_option(function.path, call, parameter.name)
            if parameter is function.fact.parameters[0]:
                if name == "main":
                    return self.hydra.configuration(function.path, call)
                if name in _WRAPPERS:
                    return self._wrapped(function.path, parameter, call)
        return None

    def _all_options(self, function: Function, calls: list[CallFact]) -> Node | None:
        """The click options that no parameter takes: `def main(**kwargs)`."""
        taken = {each.name for each in function.fact.parameters}
        found: dict[str, Node] = {}
        for call in calls:
            if last_name(call.callee) in _OPTIONS:
                for name in sorted(_destinations(call) - taken):
                    found[name] = self._click_option(function.path, call, name)
        return MappingNode(tuple(found.items())) if found else None

    def _wrapped(self, path: str, parameter: ParameterFact, call: CallFact) -> Node | None:
        """`@draccus.wrap()`: an object of the annotated class, filled by the command line."""
        frame = self.evaluation.module_frame(path)
        class_ = self.evaluation.force(parameter.annotation, frame)
        if not isinstance(class_, Class):
            return None
        read = [given for given in call.arguments if given.name == "config_path"]
        spread = tuple((Argument(given.value, None, 2), frame) for given in read)
        origin = Origin(OriginKind.FIELD, class_.path, (class_.fact.name,))
        return Instance(class_, spread or None, origin, frame)

    def _click_option(self, path: str, call: CallFact, name: str) -> Node:
        origin = Origin(OriginKind.OPTION, path, (name,))
        arguments = arguments_of(call.arguments, self.evaluation.module_frame(path))
        given = self.evaluation.argument(arguments, ("default",))
        if given is None or isinstance(given, Absent):
            flag = self.evaluation.argument(arguments, ("is_flag",)) == Known(True)
            default: Node = Default(False if flag else None, origin)
        else:
            default = soften_option(given, origin)
        return self.evaluation.decided((path,), _destinations(call) | {name}, default, origin)


def _registers(names: Iterable[str]) -> bool:
    return any("regist" in name.lower() for name in names)


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
