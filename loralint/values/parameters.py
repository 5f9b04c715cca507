"""Parameters: what one call passes, or what all callers in the project pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loralint.facts import (
    ABSENT,
    Absent,
    Default,
    FunctionFact,
    Known,
    Origin,
    OriginKind,
    ParameterFact,
    Reason,
    Unknown,
)
from loralint.values import arguments as args, callers, commands, entries
from loralint.values.classes import library_bases
from loralint.values.members import is_record, soften_option
from loralint.values.nodes import (
    Arguments,
    Class,
    External,
    Foreign,
    Frame,
    Function,
    Instance,
    Many,
    Node,
    merge,
    options,
)

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

MAX_CALLERS = 24
"""A function with more callers than this takes its parameters from outside."""


def bound(evaluator: Evaluator, frame: Frame, name: str) -> Node:
    """A parameter of a function that was entered; one left out without default is Absent."""
    fact = evaluator.function(frame.path, frame.function)
    found = _parameter(fact, name) if fact is not None else None
    if fact is None or found is None:
        return Unknown(Reason.UNDEFINED, name)
    dropped = takes_receiver(fact) and frame.receiver is not None
    given = passed(evaluator, fact, found, frame.arguments, dropped)
    if given is not None:
        return _or_left_out(evaluator, frame.path, fact, found, given)
    default = evaluator.force(found.default, frame.outer or evaluator.module_frame(frame.path))
    return ABSENT if default == Known(None) else default


def _or_left_out(
    evaluator: Evaluator, path: str, fact: FunctionFact, parameter: ParameterFact, given: Node
) -> Node:
    """What a spread may or may not give falls back to the default."""
    if not isinstance(given, (Many, Absent)) or ABSENT not in options(given):
        return given
    default = evaluator.force(parameter.default, evaluator.module_frame(path))
    kept: list[Node] = [each for each in options(given) if each != ABSENT]
    return merge([*kept, ABSENT if default == Known(None) else default])


def _parameter(fact: FunctionFact, name: str) -> ParameterFact | None:
    return next((each for each in fact.parameters if each.name == name), None)


def takes_receiver(fact: FunctionFact) -> bool:
    """Whether the first parameter is `self` or `cls`."""
    return bool(fact.class_) and not any(
        getattr(each, "name", "") == "staticmethod" for each in fact.decorators
    )


def passed(
    evaluator: Evaluator,
    fact: FunctionFact,
    parameter: ParameterFact,
    arguments: Arguments,
    dropped: bool,
) -> Node | None:
    """What a call passes for a parameter; None where it leaves it out."""
    plain = [each.name for each in fact.parameters if each.kind == ""][int(dropped) :]
    if parameter.kind in ("*", "**"):
        named = frozenset(each.name for each in fact.parameters if not each.kind.startswith("*"))
        record, row = args.rest(evaluator, arguments, named, len(plain))
        return record if parameter.kind == "**" else row
    position = plain.index(parameter.name) if parameter.name in plain else None
    return evaluator.argument(arguments, (parameter.name,), position)


# --- whoever calls ------------------------------------------------------------------------------


def unbound(evaluator: Evaluator, path: str, function: str, name: str) -> Node:
    """A parameter whoever calls: what all callers pass, or an option of the command line."""
    cache = evaluator.cache("parameters")
    key = (path, function, name)
    if key not in cache:
        node = _unbound(evaluator, path, function, name)
        if not evaluator.spent:
            cache[key] = node
        return node
    kept: Node = cache[key]
    return kept


def _unbound(evaluator: Evaluator, path: str, function: str, name: str) -> Node:
    fact = evaluator.function(path, function)
    parameter = _parameter(fact, name) if fact is not None else None
    if fact is None or parameter is None:
        return Unknown(Reason.UNDEFINED, name)
    origin = Origin(OriginKind.PARAMETER, path, (function, name))
    option = entries.option_of(evaluator, Function(path, fact), parameter)
    if option is not None:
        return option
    calls = callers.of(evaluator, path, function)
    if entries.is_open(evaluator, path, function):
        default = _default(evaluator, path, parameter, origin)
        return commands.decided(evaluator, (path,), (name,), default, origin)
    if not calls or len(calls) > MAX_CALLERS:
        return _default(evaluator, path, parameter, origin)
    found = [_from_caller(evaluator, path, fact, parameter, call) for call in calls]
    return _agreed(found, origin)


def _from_caller(
    evaluator: Evaluator,
    path: str,
    fact: FunctionFact,
    parameter: ParameterFact,
    call: callers.Caller,
) -> Node:
    given = passed(evaluator, fact, parameter, call.arguments, takes_receiver(fact) and call.bound)
    if given is None or given == ABSENT:
        origin = Origin(OriginKind.PARAMETER, path, (fact.name, parameter.name))
        return _default(evaluator, path, parameter, origin)
    return given


def _agreed(found: list[Node], origin: Origin) -> Node:
    """What callers pass taken together: an unknown one among several leaves a default at most."""
    node = merge(found)
    if not isinstance(node, Many) or not any(isinstance(each, Unknown) for each in node.options):
        return node
    defaults: list[Node] = [each for each in node.options if isinstance(each, Default)]
    if len(defaults) == 1:
        return defaults[0]
    return Unknown(Reason.CALLERS_DIFFER, origin=origin)


def _default(evaluator: Evaluator, path: str, parameter: ParameterFact, origin: Origin) -> Node:
    """What holds when no caller is seen."""
    if parameter.kind == "**":
        return Unknown(Reason.IN_KEYWORDS)
    if parameter.kind == "*":
        return Unknown(Reason.IN_POSITIONALS)
    if isinstance(parameter.default, Absent):
        return _by_annotation(evaluator, path, parameter, origin)
    return soften_option(evaluator.force(parameter.default, evaluator.module_frame(path)), origin)


def _by_annotation(
    evaluator: Evaluator, path: str, parameter: ParameterFact, origin: Origin
) -> Node:
    """An object of the annotated dataclass, filled by somebody else."""
    if not isinstance(parameter.annotation, Absent):
        node = evaluator.force(parameter.annotation, evaluator.module_frame(path))
        if isinstance(node, Class) and is_record(evaluator, node):
            return Instance(node, None, Origin(OriginKind.FIELD, node.path, (node.fact.name,)))
        if isinstance(node, Class) and not library_bases(evaluator, node):
            return Unknown(Reason.OWN_OBJECT, origin=origin)
        if isinstance(node, External) and node.name.rpartition(".")[2][:1].isupper():
            return Foreign(node.name, origin)
    return Unknown(Reason.CALLER, origin=origin)
