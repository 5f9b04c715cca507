"""Calls: what is called, which argument belongs to which parameter, what is returned."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import Absent, Attribute, CallFact, Reason, Site, Term, Unknown
from loralint.values import classes
from loralint.values.evaluation import Evaluation
from loralint.values.nodes import (
    Arguments,
    ByDefault,
    CallResult,
    Class,
    Evaluable,
    Frame,
    Function,
    Instance,
    MappingNode,
    Node,
    OneOf,
    PartialCall,
    SequenceNode,
    Unevaluated,
    merge,
    options,
)

MAX_CALLS = 10
"""How deep calls are followed into one another."""

MAX_SPREADS = 6
"""How many mappings that spread one another are unfolded for their names."""

_IN_POSITIONALS = Unknown(Reason.IN_POSITIONALS)


# --- what is called -----------------------------------------------------------------------------


def callee(evaluation: Evaluation, site: Site, term: Term, frame: Frame) -> Node:
    """What is called at a site; `super()` means the parents of the class around it."""
    if isinstance(term, Attribute) and term.base == Unknown(Reason.SUPER):
        return _of_parent(evaluation, evaluation.index.call(site), term.name, frame)
    return evaluation.force(term, frame)


def _of_parent(evaluation: Evaluation, call: CallFact, name: str, frame: Frame) -> Node:
    owner = call.function.rpartition(".")[0]
    fact = evaluation.index.classes.get((frame.path, owner))
    if fact is None:
        return Unknown(Reason.SUPER)
    class_ = Class(frame.path, fact)
    receivers = (each.receiver for each in frame.enclosing() if each.receiver is not None)
    return classes.super_attribute(evaluation, class_, next(receivers, class_), name)


def library_owner(evaluation: Evaluation, node: Function) -> Class | None:
    """The project class of a method, if that class inherits from a library's."""
    receiver = node.receiver.class_ if isinstance(node.receiver, Instance) else node.receiver
    if not isinstance(receiver, Class):
        fact = evaluation.index.classes.get((node.path, node.fact.class_))
        receiver = Class(node.path, fact) if fact is not None else None
    if receiver is None or not evaluation.library_bases(receiver):
        return None
    return receiver


# --- what it returns ----------------------------------------------------------------------------


def returned(
    evaluation: Evaluation, node: Node, arguments: Arguments, frame: Frame, site: Site
) -> Node:
    """What calling `node` returns."""
    if isinstance(node, OneOf):
        return merge(returned(evaluation, each, arguments, frame, site) for each in node.options)
    if isinstance(node, (ByDefault, PartialCall)):
        inner = node.node if isinstance(node, ByDefault) else node.callee
        before = node.arguments if isinstance(node, PartialCall) else ()
        return returned(evaluation, inner, (*before, *arguments), frame, site)
    if isinstance(node, Class):
        return Instance(node, arguments, frame=frame, site=site)
    result = CallResult(site, frame, node)
    if isinstance(node, Function) and not _loads(evaluation, node):
        if frame.depth >= MAX_CALLS:
            return Unknown(Reason.INVOLVED, "calls nested too deeply to follow")
        return evaluation.enter(node, arguments, frame, site)
    model = evaluation.library.model(node)
    found = model(result, arguments) if model is not None else None
    return found if found is not None else result


def _loads(evaluation: Evaluation, node: Function) -> bool:
    """A `from_pretrained` that a subclass of a library's class writes itself still loads."""
    is_loader = node.fact.name.endswith(".from_pretrained")
    return is_loader and library_owner(evaluation, node) is not None


def frame_of(
    evaluation: Evaluation,
    node: Function,
    arguments: Arguments,
    caller: Frame | None,
    site: Site | None,
) -> Frame:
    """The frame of a function that is entered.

    A nested function closes over the frame of one of its callers, or over the module.
    """
    outer = node.frame
    owner = node.fact.name.rpartition(".")[0]
    if outer is None and owner and caller is not None:
        around = (
            each for each in caller.enclosing() if (each.path, each.function) == (node.path, owner)
        )
        outer = next(around, None)
    return Frame(
        path=node.path,
        function=node.fact.name,
        arguments=arguments,
        outer=outer or evaluation.module_frame(node.path),
        caller=caller,
        site=site,
        receiver=node.receiver,
        depth=caller.depth + 1 if caller is not None else 0,
    )


# --- arguments ----------------------------------------------------------------------------------


def argument(
    evaluation: Evaluation, arguments: Arguments, names: tuple[str, ...], position: int | None
) -> Node | None:
    """What a call gives for a parameter; None where it gives nothing.

    A spread that may hold it makes it Unknown, or a choice with `Absent` in it.
    """
    for given, frame in arguments:
        if given.name in names and not given.stars:
            return evaluation.force(given.value, frame)
    given_in_order = positionals(evaluation, arguments) if position is not None else ()
    for index, each in enumerate(given_in_order):
        if each is None:
            return _IN_POSITIONALS
        if index == position:
            return evaluation.look(each)
    spreads = tuple((None, Unevaluated(a.value, f)) for a, f in arguments if a.stars == 2)
    found: Node | None = None
    for name in names if spreads else ():
        found = evaluation.lookup(MappingNode(spreads), name)
        if found is not None and not isinstance(found, Absent):
            return found
    return found


def positionals(evaluation: Evaluation, arguments: Arguments) -> Iterator[Evaluable | None]:
    """The positional arguments, known spreads unfolded; None where an unknown one begins."""
    for given, frame in arguments:
        if given.stars == 1:
            items = evaluation.force(given.value, frame)
            if not isinstance(items, SequenceNode):
                yield None
                return
            yield from items.items
        elif given.name is None and not given.stars:
            yield Unevaluated(given.value, frame)


def keywords(evaluation: Evaluation, arguments: Arguments) -> tuple[str, ...]:
    """The names of all keyword arguments, those of known spreads too."""
    names: dict[str, None] = {}
    for given, frame in arguments:
        if given.name is not None and not given.stars:
            names[given.name] = None
        elif given.stars == 2:
            names.update(dict.fromkeys(_keys(evaluation, evaluation.force(given.value, frame), 0)))
    return tuple(names)


def _keys(evaluation: Evaluation, node: Node, depth: int) -> Iterator[str]:
    if depth > MAX_SPREADS:
        return
    if isinstance(node, OneOf):
        for option in options(node):
            yield from _keys(evaluation, option, depth + 1)
    for key, given in node.entries if isinstance(node, MappingNode) else ():
        if key is None:
            yield from _keys(evaluation, evaluation.look(given), depth + 1)
        else:
            yield key


def collected(
    evaluation: Evaluation, arguments: Arguments, taken: frozenset[str], first: int
) -> tuple[MappingNode, SequenceNode]:
    """What `**kwargs` and `*args` collect."""
    entries = tuple(
        (None if given.stars else given.name, Unevaluated(given.value, frame))
        for given, frame in arguments
        if given.stars == 2 or (not given.stars and given.name and given.name not in taken)
    )
    items = list(positionals(evaluation, arguments))[first:]
    rest = tuple(each if each is not None else _IN_POSITIONALS for each in items)
    return MappingNode(entries), SequenceNode(rest)
