"""Parameters: what one call passes, or what all callers in the project pass."""

from __future__ import annotations

from loralint.facts import (
    ABSENT,
    Absent,
    Default,
    FunctionFact,
    Known,
    Origin,
    OriginKind,
    Parameter,
    ParameterFact,
    Reason,
    Symbol,
    Unknown,
)
from loralint.values import calls
from loralint.values.callers import Caller, Callers
from loralint.values.classes import is_record
from loralint.values.evaluation import Evaluation
from loralint.values.nodes import (
    Arguments,
    Class,
    External,
    FilledObject,
    Frame,
    Function,
    Instance,
    Node,
    OneOf,
    merge,
    options,
    soften_option,
)

MAX_CALLERS = 24
"""A function with more callers than this takes its parameters from outside."""


class Parameters:
    """The parameters of the project's functions."""

    def __init__(self, evaluation: Evaluation, callers: Callers) -> None:
        self.evaluation = evaluation
        self.callers = callers
        self._unbound: dict[tuple[str, str, str], Node] = {}

    def of(self, term: Parameter, frame: Frame) -> Node:
        """A parameter: bound where its function was entered, else what all callers pass."""
        for each in frame.enclosing():
            if each.function == term.function:
                return self._bound(each, term.name)
        return self.unbound(frame.path, term.function, term.name)

    def _bound(self, frame: Frame, name: str) -> Node:
        """A parameter of a function that was entered; one left out without default is Absent."""
        fact = self.evaluation.function(frame.path, frame.function)
        parameter = _named(fact, name)
        if fact is None or parameter is None:
            return Unknown(Reason.UNDEFINED, name)
        given = self._passed(fact, parameter, frame.arguments, bound=frame.receiver is not None)
        left_out = given is None or ABSENT in options(given)
        if given is not None and not left_out:
            return given
        module = self.evaluation.module_frame(frame.path)
        default = self.evaluation.force(parameter.default, frame.outer or module)
        default = ABSENT if default == Known(None) else default
        if given is None:
            return default
        # what a spread may or may not give falls back to the default
        return merge([*(each for each in options(given) if each != ABSENT), default])

    def _passed(
        self, fact: FunctionFact, parameter: ParameterFact, arguments: Arguments, *, bound: bool
    ) -> Node | None:
        """What a call passes for a parameter; None where it leaves it out.

        `bound` tells that `self` is not among the arguments.
        """
        static = any(
            isinstance(each, Symbol) and each.name == "staticmethod" for each in fact.decorators
        )
        dropped = bound and bool(fact.class_) and not static
        plain = [each.name for each in fact.parameters if each.kind == ""][int(dropped) :]
        if parameter.kind in ("*", "**"):
            named = frozenset(e.name for e in fact.parameters if not e.kind.startswith("*"))
            mapping, row = calls.collected(self.evaluation, arguments, named, len(plain))
            return mapping if parameter.kind == "**" else row
        position = plain.index(parameter.name) if parameter.name in plain else None
        return self.evaluation.argument(arguments, (parameter.name,), position)

    # --- whoever calls ---

    def unbound(self, path: str, function: str, name: str) -> Node:
        """A parameter whoever calls: what all callers pass, or an option of the command line."""
        key = (path, function, name)
        if key in self._unbound:
            return self._unbound[key]
        node = self._whoever_calls(path, function, name)
        if not self.evaluation.spent:
            self._unbound[key] = node
        return node

    def _whoever_calls(self, path: str, function: str, name: str) -> Node:
        fact = self.evaluation.function(path, function)
        parameter = _named(fact, name)
        if fact is None or parameter is None:
            return Unknown(Reason.UNDEFINED, name)
        origin = Origin(OriginKind.PARAMETER, path, (function, name))
        option = self.evaluation.library.parameter(Function(path, fact), parameter)
        if option is not None:
            return option
        callers = self.callers.of(path, function)
        if self.evaluation.library.is_open(path, function):
            default = self._default(path, parameter, origin)
            return self.evaluation.decided((path,), (name,), default, origin)
        if not callers or len(callers) > MAX_CALLERS:
            return self._default(path, parameter, origin)
        called = Function(path, fact)
        return _agreed([self._from_caller(called, parameter, e, origin) for e in callers], origin)

    def _from_caller(
        self, function: Function, parameter: ParameterFact, caller: Caller, origin: Origin
    ) -> Node:
        given = self._passed(function.fact, parameter, caller.arguments, bound=caller.bound)
        if given is None or given == ABSENT:
            return self._default(function.path, parameter, origin)
        return given

    def _default(self, path: str, parameter: ParameterFact, origin: Origin) -> Node:
        """What holds when no caller is seen."""
        if parameter.kind in ("*", "**"):
            keywords = parameter.kind == "**"
            return Unknown(Reason.IN_KEYWORDS if keywords else Reason.IN_POSITIONALS)
        module = self.evaluation.module_frame(path)
        if not isinstance(parameter.default, Absent):
            return soften_option(self.evaluation.force(parameter.default, module), origin)
        if isinstance(parameter.annotation, Absent):
            return Unknown(Reason.CALLER, origin=origin)
        return self._annotated(self.evaluation.force(parameter.annotation, module), origin)

    def _annotated(self, node: Node, origin: Origin) -> Node:
        """An object of the annotated class, filled by somebody else."""
        if isinstance(node, Class) and is_record(self.evaluation, node):
            fields = Origin(OriginKind.FIELD, node.path, (node.fact.name,))
            return Instance(node, None, fields)
        if isinstance(node, Class) and not self.evaluation.library_bases(node):
            return Unknown(Reason.OWN_OBJECT, origin=origin)
        if isinstance(node, External) and node.name.rpartition(".")[2][:1].isupper():
            return FilledObject(node.name, origin)
        return Unknown(Reason.CALLER, origin=origin)


def _named(fact: FunctionFact | None, name: str) -> ParameterFact | None:
    parameters = fact.parameters if fact is not None else ()
    return next((each for each in parameters if each.name == name), None)


def _of_parameter(node: Node, origin: Origin) -> Node:
    """What a caller itself was given with `**kwargs`: at least the parameter that it becomes."""
    inside = isinstance(node, Unknown) and node.reason in _GIVEN_ON and node.origin is None
    return Unknown(node.reason, node.what, origin) if inside else node  # type: ignore[union-attr]


_GIVEN_ON = (Reason.IN_KEYWORDS, Reason.IN_POSITIONALS)


def _agreed(found: list[Node], origin: Origin) -> Node:
    """What callers pass taken together: with an unknown one among several, a default decides.

    Without one it is known of several unknown things at least who decides which.
    """
    node = merge((_of_parameter(each, origin) for each in found), origin)
    unknown = [each for each in options(node) if isinstance(each, Unknown)]
    if not isinstance(node, OneOf) or not unknown:
        return node
    defaults = [each for each in node.options if isinstance(each, Default)]
    if len(defaults) == 1:
        return defaults[0]
    others = [each for each in node.options if not isinstance(each, Unknown)]
    differing = Unknown(Reason.CALLERS_DIFFER, origin=origin)
    return merge([*others, unknown[0] if len(unknown) == 1 else differing], origin)
