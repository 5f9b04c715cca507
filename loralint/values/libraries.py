"""Calls of libraries that return data and not models: namespaces, configurations, parsers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from loralint.facts import Absent, Argument, Known, Origin, OriginKind, Reason, Unknown
from loralint.values import data, hydra, locked, parsers
from loralint.values.nodes import (
    Arguments,
    Class,
    External,
    Foreign,
    Given,
    Instance,
    Lazy,
    Many,
    Method,
    Node,
    Outcome,
    Record,
    Row,
    Soft,
)

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

Handler = Callable[["Evaluator", Outcome, Arguments], "Node | None"]


def interpreted(
    evaluator: Evaluator, outcome: Outcome, node: External | Method, arguments: Arguments
) -> Node | None:
    """What a library's call returns, where that is data; else None."""
    if isinstance(node, External):
        handler = _FUNCTIONS.get(node.name.rpartition(".")[2])
        return handler(evaluator, outcome, arguments) if handler is not None else None
    method = _METHODS.get(node.name)
    return method(evaluator, node, outcome, arguments) if method is not None else None


def _first(evaluator: Evaluator, arguments: Arguments, name: str = "") -> Node:
    found = evaluator.argument(arguments, (name,), 0)
    return found if found is not None else Unknown(Reason.NOT_GIVEN)


def _namespace(evaluator: Evaluator, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`SimpleNamespace(**x)`, `EasyDict(x)`, `OmegaConf.create(x)`: the mapping itself."""
    entries: list[tuple[str | None, Given]] = []
    for given, frame in arguments:
        if given.stars != 1:
            entries.append((None if given.stars else given.name, Lazy(given.value, frame)))
    return Record(tuple(entries))


def _merged(evaluator: Evaluator, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`OmegaConf.merge(a, b)`: later ones win, key by key."""
    layers = [evaluator.look(each) for each in evaluator.positionals(arguments) if each]
    return data.layered(evaluator, layers) if layers else None


def _from_cli(evaluator: Evaluator, outcome: Outcome, arguments: Arguments) -> Node | None:
    """What the command line gives: nothing, unless somebody says otherwise."""
    return Soft(Record(()), Origin(OriginKind.COMMAND_LINE, outcome.path, ("cli",)))


def _parsed(evaluator: Evaluator, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`tyro.cli(Config)`, `draccus.parse(Config)`: an object that the command line fills."""
    node = _first(evaluator, arguments, "config_class")
    return filled(node, outcome) if isinstance(node, (Class, External)) else None


def filled(node: Node, outcome: Outcome) -> Node:
    """An object of a class whose fields come from outside."""
    if isinstance(node, Class):
        return Instance(
            node, None, Origin(OriginKind.FIELD, node.path, (node.fact.name,)), outcome.frame
        )
    if isinstance(node, External):
        name = node.name.rpartition(".")[2]
        return Foreign(node.name, Origin(OriginKind.FIELD, outcome.path, (name,)))
    return Unknown(Reason.OUTSIDE, "filled from the command line")


def _field(evaluator: Evaluator, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`field(default_factory=X)`: what X() returns."""
    default = evaluator.argument(arguments, ("default",), None)
    if default is not None and not isinstance(default, Absent):
        return default
    factory = evaluator.argument(arguments, ("default_factory", "factory"), None)
    if isinstance(factory, (Class, External)) or factory is None:
        return filled_by_default(factory) if factory is not None else None
    from loralint.values.calls import applied

    site = outcome.site
    return applied(evaluator, factory, (), outcome.frame, site)


def filled_by_default(factory: Class | External) -> Node:
    """What a factory without arguments makes."""
    if isinstance(factory, Class):
        return Instance(factory, ())
    if factory.name in ("builtins.dict", "builtins.list"):
        return Record(()) if factory.name.endswith("dict") else Row(())
    return Unknown(Reason.RESULT, factory.name)


def _replaced(evaluator: Evaluator, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`dataclasses.replace(x, a=1)`."""
    base = Lazy(arguments[0][0].value, arguments[0][1]) if arguments else Unknown(Reason.NOT_GIVEN)
    entries: list[tuple[str | None, Given]] = [(None, base)]
    entries += [(a.name, Lazy(a.value, f)) for a, f in arguments[1:] if a.name is not None]
    return Record(tuple(entries))


_FUNCTIONS: dict[str, Handler] = {
    **dict.fromkeys(
        ("SimpleNamespace", "EasyDict", "AttrDict", "Munch", "Box", "Dict"), _namespace
    ),
    **dict.fromkeys(("DictConfig", "create", "structured", "Namespace", "ConfigDict"), _namespace),
    "merge": _merged,
    "unsafe_merge": _merged,
    "from_cli": _from_cli,
    "cli": _parsed,
    "parse": _parsed,
    "wrap": _parsed,
    "field": _field,
    "Field": _field,
    "replace": _replaced,
    "compose": hydra.composed,
    "revision": locked.locked,
}


# --- methods ------------------------------------------------------------------------------------

MethodHandler = Callable[["Evaluator", Method, Outcome, Arguments], "Node | None"]


def _validated(
    evaluator: Evaluator, node: Method, outcome: Outcome, arguments: Arguments
) -> Node | None:
    """`Model.model_validate(x)` of a pydantic model, `Config.from_dict(x)` of a dataclass."""
    if not isinstance(node.receiver, Class) or not arguments:
        return None
    given, frame = arguments[0]
    spread = ((Argument(given.value, None, 2), frame),)
    return Instance(node.receiver, spread, frame=outcome.frame)


def _copied(
    evaluator: Evaluator, node: Method, outcome: Outcome, arguments: Arguments
) -> Node | None:
    return node.receiver if isinstance(node.receiver, (Record, Instance, Soft)) else None


def _values(
    evaluator: Evaluator, node: Method, outcome: Outcome, arguments: Arguments
) -> Node | None:
    """`mapping.values()`."""
    if not isinstance(node.receiver, Record):
        return None
    return Row(tuple(value for _, value in node.receiver.entries))


def _items(
    evaluator: Evaluator, node: Method, outcome: Outcome, arguments: Arguments
) -> Node | None:
    """`mapping.items()`."""
    if not isinstance(node.receiver, Record):
        return None
    pairs: list[Given] = []
    for key, value in node.receiver.entries:
        name: Given = Known(key) if key is not None else Unknown(Reason.EXPRESSION, "a key")
        pairs.append(Row((name, value)))
    return Row(tuple(pairs))


def _popped(
    evaluator: Evaluator, node: Method, outcome: Outcome, arguments: Arguments
) -> Node | None:
    """`kwargs.pop(key, default)`."""
    if not isinstance(node.receiver, (Record, Many, Soft)):
        return None
    rest = evaluator.positionals(arguments[1:])
    return evaluator.item(node.receiver, _first(evaluator, arguments), next(rest, None))


_METHODS: dict[str, MethodHandler] = {
    **dict.fromkeys(("model_validate", "parse_obj", "from_dict", "schema"), _validated),
    **dict.fromkeys(("copy", "model_dump", "to_dict", "dict", "model_copy"), _copied),
    **dict.fromkeys(("parse_args", "parse_known_args", "_parse_args"), parsers.namespace),
    "values": _values,
    "items": _items,
    "pop": _popped,
    "parse_args_into_dataclasses": parsers.dataclasses,
    "parse_args_and_config": parsers.dataclasses,
    "parse_json_file": parsers.dataclasses,
    "parse_yaml_file": parsers.dataclasses,
    "parse_dict": parsers.dataclasses,
}
