"""argparse and what is built on it: options with their defaults.

A parser is the call that makes it; options belong to it wherever its `add_argument` is called,
also through groups, subparsers, parents and functions that are handed the parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loralint.facts import (
    ABSENT,
    Argument,
    Attribute,
    Default,
    Known,
    Origin,
    OriginKind,
    Reason,
    Site,
    Unknown,
)
from loralint.literals import destination
from loralint.values import arguments as args, commands
from loralint.values.classes import library_bases
from loralint.values.nodes import (
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

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

_MAKERS = frozenset({"add_argument_group", "add_mutually_exclusive_group", "add_parser"})
_THROUGH = _MAKERS | {"add_subparsers"}
_FLAGS = {"store_true": False, "store_false": True}
_DATACLASS_PARSERS = ("HfArgumentParser", "TrlParser", "H4ArgumentParser")


# --- results of parse_args ----------------------------------------------------------------------


def namespace(
    evaluator: Evaluator, node: Method, outcome: Outcome, arguments: Arguments
) -> Node | None:
    """`parser.parse_args()`, and the pair that `parse_known_args()` returns."""
    classes = _dataclasses_of(evaluator, node.receiver)
    found: Node = _filled(classes, outcome) if classes else Namespace(node.receiver)
    if node.name == "parse_known_args":
        return Row((found, Unknown(Reason.OUTSIDE, "the remaining arguments")))
    return found


def dataclasses(
    evaluator: Evaluator, node: Method, outcome: Outcome, arguments: Arguments
) -> Node | None:
    """`parse_args_into_dataclasses()` and its kin: one object for each class."""
    classes = _dataclasses_of(evaluator, node.receiver)
    return _filled(classes, outcome) if classes else None


def _filled(classes: list[Node], outcome: Outcome) -> Node:
    from loralint.values.libraries import filled

    return Row(tuple(filled(each, outcome) for each in classes))


def _dataclasses_of(evaluator: Evaluator, node: Node) -> list[Node]:
    """The classes that a HfArgumentParser was made with."""
    for option in options(node):
        if isinstance(option, Outcome) and _is_dataclass_parser(option.callee):
            call = evaluator.index.call(option.site)
            arguments = args.of_call(call.arguments, option.frame)
            given = evaluator.argument(arguments, ("dataclass_types",), 0)
            return _listed(evaluator, given) if given is not None else []
    return []


def _is_dataclass_parser(callee: Node) -> bool:
    return isinstance(callee, External) and callee.name.endswith(_DATACLASS_PARSERS)


def _listed(evaluator: Evaluator, node: Node) -> list[Node]:
    return [evaluator.look(each) for each in node.items] if isinstance(node, Row) else [node]


# --- options ------------------------------------------------------------------------------------


def option(evaluator: Evaluator, node: Namespace, name: str) -> Node:
    """`args.name`: the option's default, unless somebody says otherwise."""
    keys = parser_keys(evaluator, node.parser)
    sites = _declarations(evaluator, name, keys)
    found = [_option(evaluator, site, name) for site in sites]
    if found:
        spelt = {name, *(flag for site in sites for flag in _spellings(evaluator, site))}
        paths = {key[0] for key in keys}
        origin = Origin(OriginKind.OPTION, sites[0][0], (name,))
        return commands.decided(evaluator, paths, spelt, merge(found), origin)
    return Unknown(Reason.OPTION, "an option that was not found", _origin(keys, name))


def _spellings(evaluator: Evaluator, site: Site) -> list[str]:
    """The flags of one declaration, without dashes."""
    return [
        str(given.value.value).lstrip("-")
        for given in evaluator.index.call(site).arguments
        if given.name is None and isinstance(given.value, Known)
    ]


def has(evaluator: Evaluator, node: Namespace, name: str) -> bool:
    """Whether the parser certainly has this option."""
    return bool(_declarations(evaluator, name, parser_keys(evaluator, node.parser)))


def _origin(keys: frozenset[Site], name: str) -> Origin | None:
    return Origin(OriginKind.OPTION, min(keys)[0], (name,)) if keys else None


def parser_keys(evaluator: Evaluator, node: Node) -> frozenset[Site]:
    """The calls that made a parser, with its parents'."""
    keys: set[Site] = set()
    for each in options(node):
        if isinstance(each, Instance) and each.site is not None and _is_parser(evaluator, each):
            keys.add(each.site)
        elif isinstance(each, Outcome):
            keys |= _outcome_keys(evaluator, each)
    return frozenset(keys)


def _is_parser(evaluator: Evaluator, node: Instance) -> bool:
    return any(name.endswith("ArgumentParser") for name in library_bases(evaluator, node.class_))


def _outcome_keys(evaluator: Evaluator, node: Outcome) -> set[Site]:
    if isinstance(node.callee, Method):
        through = node.callee.name in _THROUGH
        return set(parser_keys(evaluator, node.callee.receiver)) if through else set()
    if not isinstance(node.callee, External) or not node.callee.name.endswith("ArgumentParser"):
        return set()
    call = evaluator.index.call(node.site)
    parents = evaluator.argument(args.of_call(call.arguments, node.frame), ("parents",))
    keys = {node.site}
    for each in parents.items if isinstance(parents, Row) else ():
        keys |= parser_keys(evaluator, evaluator.look(each))
    return keys


def _declarations(evaluator: Evaluator, name: str, keys: frozenset[Site]) -> list[Site]:
    """The `add_argument` and `set_defaults` calls that speak of an option of a parser."""
    declared = evaluator.cache("declarations")
    known: list[Site] | None = declared.get((name, keys))
    if known is not None:
        return known
    named = _by_destination(evaluator).get(name, ())
    found = [site for site in named if keys & _parsers_of(evaluator, site)]
    parsers = evaluator.cache("parsers")
    if all(parsers[site] is not None for site in named):  # none is being looked for just now
        declared[name, keys] = found
    return found


def _parsers_of(evaluator: Evaluator, site: Site) -> frozenset[Site]:
    cache = evaluator.cache("parsers")
    if site not in cache:
        cache[site] = None
        keys: frozenset[Site] = frozenset()
        call = evaluator.index.call(site)
        if isinstance(call.callee, Attribute):
            base = evaluator.force(call.callee.base, evaluator.module_frame(site[0]))
            keys = parser_keys(evaluator, base)
        cache[site] = keys
    kept: frozenset[Site] | None = cache[site]
    return kept if kept is not None else frozenset()


def _by_destination(evaluator: Evaluator) -> dict[str, list[Site]]:
    """All declarations by the name of the option; `set_defaults` first, as it wins."""
    cache = evaluator.cache("destinations")
    if not cache:
        cache[""] = []
        for site in evaluator.index.calls_by_name.get("set_defaults", ()):
            for given in evaluator.index.call(site).arguments:
                cache.setdefault(given.name or "", []).append(site)
        for site in evaluator.index.calls_by_name.get("add_argument", ()):
            name = destination(evaluator.index.call(site).arguments)
            cache.setdefault(name, []).append(site)
    return cache


def _option(evaluator: Evaluator, site: Site, name: str) -> Node:
    """The default of one declaration."""
    call = evaluator.index.call(site)
    arguments = args.of_call(call.arguments, evaluator.module_frame(site[0]))
    origin = Origin(OriginKind.OPTION, site[0], (name,))
    if "set_defaults" in getattr(call.callee, "name", ""):
        given = evaluator.argument(arguments, (name,))
        return soften(given, origin) if given is not None else Unknown(Reason.OPTION, origin=origin)
    if _is_required(evaluator, arguments):
        return Unknown(Reason.REQUIRED, "option", origin)
    return _default(evaluator, arguments, origin)


def _is_required(evaluator: Evaluator, arguments: Arguments) -> bool:
    first = arguments[0][0] if arguments else None
    positional = first is not None and first.name is None and _is_positional(first)
    required = evaluator.argument(arguments, ("required",)) == Known(True)
    given = evaluator.argument(arguments, ("default",))
    return required or (positional and given in (None, Known(None), ABSENT))


def _is_positional(given: Argument) -> bool:
    text = given.value.value if isinstance(given.value, Known) else None
    return isinstance(text, str) and not text.startswith("-")


def _default(evaluator: Evaluator, arguments: Arguments, origin: Origin) -> Node:
    action = evaluator.argument(arguments, ("action",))
    default = evaluator.argument(arguments, ("default",))
    if default is None and isinstance(action, Known) and action.value in _FLAGS:
        return Default(_FLAGS[str(action.value)], origin)
    if default is None or default == Known(None) or default == ABSENT or default == Known(""):
        return Default(None, origin)
    return soften(default, origin)
