"""Calls of libraries that return data and not models: namespaces, configurations, parsers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from loralint.facts import Absent, Argument, Known, Unknown
from loralint.linker import arguments as args, data, hydra, locked, objects, parsers
from loralint.linker.nodes import (
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
    from loralint.linker.machine import Machine

Handler = Callable[["Machine", Outcome, Arguments], "Node | None"]


def interpreted(
    machine: Machine, outcome: Outcome, node: External | Method, arguments: Arguments
) -> Node | None:
    """What a library's call returns, where that is data; else None."""
    if isinstance(node, External):
        handler = _FUNCTIONS.get(node.name.rpartition(".")[2])
        return handler(machine, outcome, arguments) if handler is not None else None
    method = _METHODS.get(node.name)
    return method(machine, node, outcome, arguments) if method is not None else None


def _first(machine: Machine, arguments: Arguments, name: str = "") -> Node:
    found = args.argument(machine, arguments, (name,), 0)
    return found if found is not None else Unknown("no argument")


def _namespace(machine: Machine, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`SimpleNamespace(**x)`, `EasyDict(x)`, `OmegaConf.create(x)`: the mapping itself."""
    entries: list[tuple[str | None, Given]] = []
    for given, frame in arguments:
        if given.stars != 1:
            entries.append((None if given.stars else given.name, Lazy(given.value, frame)))
    return Record(tuple(entries))


def _merged(machine: Machine, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`OmegaConf.merge(a, b)`: later ones win, key by key."""
    layers = [machine.look(each) for each in args.positionals(machine, arguments) if each]
    return data.layered(machine, layers) if layers else None


def _from_cli(machine: Machine, outcome: Outcome, arguments: Arguments) -> Node | None:
    """What the command line gives: nothing, unless somebody says otherwise."""
    return Soft(Record(()), f"{outcome.path}:cli")


def _parsed(machine: Machine, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`tyro.cli(Config)`, `draccus.parse(Config)`: an object that the command line fills."""
    node = _first(machine, arguments, "config_class")
    return filled(node, outcome) if isinstance(node, (Class, External)) else None


def filled(node: Node, outcome: Outcome) -> Node:
    """An object of a class whose fields come from outside."""
    if isinstance(node, Class):
        return Instance(node, None, f"{node.path}:{node.fact.name}", outcome.frame)
    if isinstance(node, External):
        return Foreign(node.name, f"{outcome.path}:{node.name.rpartition('.')[2]}")
    return Unknown("filled from the command line")


def _field(machine: Machine, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`field(default_factory=X)`: what X() returns."""
    default = args.argument(machine, arguments, ("default",), None)
    if default is not None and not isinstance(default, Absent):
        return default
    factory = args.argument(machine, arguments, ("default_factory", "factory"), None)
    if isinstance(factory, (Class, External)) or factory is None:
        return filled_by_default(factory) if factory is not None else None
    from loralint.linker.calls import applied

    site = (outcome.path, outcome.index)
    return applied(machine, factory, (), outcome.frame, site)


def filled_by_default(factory: Class | External) -> Node:
    """What a factory without arguments makes."""
    if isinstance(factory, Class):
        return Instance(factory, ())
    if factory.name in ("builtins.dict", "builtins.list"):
        return Record(()) if factory.name.endswith("dict") else Row(())
    return Unknown(f"the result of {factory.name}")


def _replaced(machine: Machine, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`dataclasses.replace(x, a=1)`."""
    base = Lazy(arguments[0][0].value, arguments[0][1]) if arguments else Unknown("no argument")
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

MethodHandler = Callable[["Machine", Method, Outcome, Arguments], "Node | None"]


def _validated(
    machine: Machine, node: Method, outcome: Outcome, arguments: Arguments
) -> Node | None:
    """`Model.model_validate(x)` of a pydantic model, `Config.from_dict(x)` of a dataclass."""
    if not isinstance(node.receiver, Class) or not arguments:
        return None
    given, frame = arguments[0]
    spread = ((Argument(given.value, None, 2), frame),)
    return Instance(node.receiver, spread, frame=outcome.frame)


def _copied(machine: Machine, node: Method, outcome: Outcome, arguments: Arguments) -> Node | None:
    return node.receiver if isinstance(node.receiver, (Record, Instance, Soft)) else None


def _values(machine: Machine, node: Method, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`mapping.values()`."""
    if not isinstance(node.receiver, Record):
        return None
    return Row(tuple(value for _, value in node.receiver.entries))


def _items(machine: Machine, node: Method, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`mapping.items()`."""
    if not isinstance(node.receiver, Record):
        return None
    pairs: list[Given] = []
    for key, value in node.receiver.entries:
        name: Given = Known(key) if key is not None else Unknown("a key")
        pairs.append(Row((name, value)))
    return Row(tuple(pairs))


def _popped(machine: Machine, node: Method, outcome: Outcome, arguments: Arguments) -> Node | None:
    """`kwargs.pop(key, default)`."""
    if not isinstance(node.receiver, (Record, Many, Soft)):
        return None
    rest = args.positionals(machine, arguments[1:])
    return objects.item(machine, node.receiver, _first(machine, arguments), next(rest, None))


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
