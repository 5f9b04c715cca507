"""argparse and what is built on it: options with their defaults.

A parser is the call that makes it; options belong to it wherever its `add_argument` is called,
also through groups, subparsers, parents and functions that are handed the parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loralint.facts import ABSENT, Argument, Attribute, Default, Known, Unknown
from loralint.linker import arguments as args, commands
from loralint.linker.classes import library_bases
from loralint.linker.index import Site
from loralint.linker.nodes import (
    Arguments,
    External,
    Instance,
    Method,
    Namespace,
    Node,
    Outcome,
    Row,
    merge,
    options,
    soften,
)
from loralint.literals import destination

if TYPE_CHECKING:
    from loralint.linker.machine import Machine

_MAKERS = frozenset({"add_argument_group", "add_mutually_exclusive_group", "add_parser"})
_THROUGH = _MAKERS | {"add_subparsers"}
_FLAGS = {"store_true": False, "store_false": True}
_DATACLASS_PARSERS = ("HfArgumentParser", "TrlParser", "H4ArgumentParser")


# --- results of parse_args ----------------------------------------------------------------------


def namespace(
    machine: Machine, node: Method, outcome: Outcome, arguments: Arguments
) -> Node | None:
    """`parser.parse_args()`, and the pair that `parse_known_args()` returns."""
    classes = _dataclasses_of(machine, node.receiver)
    found: Node = _filled(classes, outcome) if classes else Namespace(node.receiver)
    if node.name == "parse_known_args":
        return Row((found, Unknown("the remaining arguments")))
    return found


def dataclasses(
    machine: Machine, node: Method, outcome: Outcome, arguments: Arguments
) -> Node | None:
    """`parse_args_into_dataclasses()` and its kin: one object for each class."""
    classes = _dataclasses_of(machine, node.receiver)
    return _filled(classes, outcome) if classes else None


def _filled(classes: list[Node], outcome: Outcome) -> Node:
    from loralint.linker.libraries import filled

    return Row(tuple(filled(each, outcome) for each in classes))


def _dataclasses_of(machine: Machine, node: Node) -> list[Node]:
    """The classes that a HfArgumentParser was made with."""
    for option in options(node):
        if isinstance(option, Outcome) and _is_dataclass_parser(option.callee):
            call = machine.index.call((option.path, option.index))
            arguments = args.of_call(call.arguments, option.frame)
            given = args.argument(machine, arguments, ("dataclass_types",), 0)
            return _listed(machine, given) if given is not None else []
    return []


def _is_dataclass_parser(callee: Node) -> bool:
    return isinstance(callee, External) and callee.name.endswith(_DATACLASS_PARSERS)


def _listed(machine: Machine, node: Node) -> list[Node]:
    return [machine.look(each) for each in node.items] if isinstance(node, Row) else [node]


# --- options ------------------------------------------------------------------------------------


def option(machine: Machine, node: Namespace, name: str) -> Node:
    """`args.name`: the option's default, unless somebody says otherwise."""
    keys = parser_keys(machine, node.parser)
    sites = _declarations(machine, name, keys)
    found = [_option(machine, site, name) for site in sites]
    if found:
        spelt = {name, *(flag for site in sites for flag in _spellings(machine, site))}
        paths = {key[0] for key in keys}
        origin = f"{sites[0][0]}:args.{name}"
        return commands.decided(machine, paths, spelt, merge(found), origin)
    return Unknown("an option that was not found", _origin(keys, node, name))


def _spellings(machine: Machine, site: Site) -> list[str]:
    """The flags of one declaration, without dashes."""
    return [
        str(given.value.value).lstrip("-")
        for given in machine.index.call(site).arguments
        if given.name is None and isinstance(given.value, Known)
    ]


def has(machine: Machine, node: Namespace, name: str) -> bool:
    """Whether the parser certainly has this option."""
    return bool(_declarations(machine, name, parser_keys(machine, node.parser)))


def _origin(keys: frozenset[Site], node: Namespace, name: str) -> str:
    return f"{min(keys)[0]}:args.{name}" if keys else ""


def parser_keys(machine: Machine, node: Node) -> frozenset[Site]:
    """The calls that made a parser, with its parents'."""
    keys: set[Site] = set()
    for each in options(node):
        if isinstance(each, Instance) and each.site is not None and _is_parser(machine, each):
            keys.add(each.site)
        elif isinstance(each, Outcome):
            keys |= _outcome_keys(machine, each)
    return frozenset(keys)


def _is_parser(machine: Machine, node: Instance) -> bool:
    return any(name.endswith("ArgumentParser") for name in library_bases(machine, node.class_))


def _outcome_keys(machine: Machine, node: Outcome) -> set[Site]:
    if isinstance(node.callee, Method):
        through = node.callee.name in _THROUGH
        return set(parser_keys(machine, node.callee.receiver)) if through else set()
    if not isinstance(node.callee, External) or not node.callee.name.endswith("ArgumentParser"):
        return set()
    call = machine.index.call((node.path, node.index))
    parents = args.argument(machine, args.of_call(call.arguments, node.frame), ("parents",))
    keys = {(node.path, node.index)}
    for each in parents.items if isinstance(parents, Row) else ():
        keys |= parser_keys(machine, machine.look(each))
    return keys


def _declarations(machine: Machine, name: str, keys: frozenset[Site]) -> list[Site]:
    """The `add_argument` and `set_defaults` calls that speak of an option of a parser."""
    declared = machine.cache("declarations")
    known: list[Site] | None = declared.get((name, keys))
    if known is not None:
        return known
    named = _by_destination(machine).get(name, ())
    found = [site for site in named if keys & _parsers_of(machine, site)]
    parsers = machine.cache("parsers")
    if all(parsers[site] is not None for site in named):  # none is being looked for just now
        declared[name, keys] = found
    return found


def _parsers_of(machine: Machine, site: Site) -> frozenset[Site]:
    cache = machine.cache("parsers")
    if site not in cache:
        cache[site] = None
        keys: frozenset[Site] = frozenset()
        call = machine.index.call(site)
        if isinstance(call.callee, Attribute):
            base = machine.force(call.callee.base, machine.module_frame(site[0]))
            keys = parser_keys(machine, base)
        cache[site] = keys
    kept: frozenset[Site] | None = cache[site]
    return kept if kept is not None else frozenset()


def _by_destination(machine: Machine) -> dict[str, list[Site]]:
    """All declarations by the name of the option; `set_defaults` first, as it wins."""
    cache = machine.cache("destinations")
    if not cache:
        cache[""] = []
        for site in machine.index.calls_by_name.get("set_defaults", ()):
            for given in machine.index.call(site).arguments:
                cache.setdefault(given.name or "", []).append(site)
        for site in machine.index.calls_by_name.get("add_argument", ()):
            name = destination(machine.index.call(site).arguments)
            cache.setdefault(name, []).append(site)
    return cache


def _option(machine: Machine, site: Site, name: str) -> Node:
    """The default of one declaration."""
    call = machine.index.call(site)
    arguments = args.of_call(call.arguments, machine.module_frame(site[0]))
    origin = f"{site[0]}:args.{name}"
    if "set_defaults" in getattr(call.callee, "name", ""):
        given = args.argument(machine, arguments, (name,))
        return soften(given, origin) if given is not None else Unknown("an option", origin)
    if _is_required(machine, arguments):
        return Unknown("a required option", origin)
    return _default(machine, arguments, origin)


def _is_required(machine: Machine, arguments: Arguments) -> bool:
    first = arguments[0][0] if arguments else None
    positional = first is not None and first.name is None and _is_positional(first)
    required = args.argument(machine, arguments, ("required",)) == Known(True)
    given = args.argument(machine, arguments, ("default",))
    return required or (positional and given in (None, Known(None), ABSENT))


def _is_positional(given: Argument) -> bool:
    text = given.value.value if isinstance(given.value, Known) else None
    return isinstance(text, str) and not text.startswith("-")


def _default(machine: Machine, arguments: Arguments, origin: str) -> Node:
    action = args.argument(machine, arguments, ("action",))
    default = args.argument(machine, arguments, ("default",))
    if default is None and isinstance(action, Known) and action.value in _FLAGS:
        return Default(_FLAGS[str(action.value)], origin)
    if default is None or default == Known(None) or default == ABSENT or default == Known(""):
        return Default(None, origin)
    return soften(default, origin)
