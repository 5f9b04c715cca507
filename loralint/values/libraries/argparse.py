"""argparse and what is built on it: options with their defaults.

A parser is the call that makes it; options belong to it wherever its `add_argument` is called,
also through groups, subparsers, parents and functions that are handed the parser.
"""

from __future__ import annotations

from collections import defaultdict

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
from loralint.values.evaluation import CallModel, Evaluation
from loralint.values.index import last_name
from loralint.values.libraries.records import filled
from loralint.values.nodes import (
    Arguments,
    AttributeOf,
    CallResult,
    External,
    Instance,
    Node,
    ParsedOptions,
    SequenceNode,
    arguments_of,
    merge,
    options,
    soften,
    soften_option,
)

_THROUGH = frozenset(
    {"add_argument_group", "add_mutually_exclusive_group", "add_parser", "add_subparsers"}
)
_FLAGS = {"store_true": False, "store_false": True}
_DATACLASS_PARSERS = ("HfArgumentParser", "TrlParser", "H4ArgumentParser")

_INTO_DATACLASSES = """parse_args_into_dataclasses parse_args_and_config parse_json_file
parse_yaml_file parse_dict""".split()


class Argparse:
    """The parsers of a project, with the calls that declare their options."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._by_destination: dict[str, list[Site]] | None = None
        self._declared: dict[tuple[str, frozenset[Site]], list[Site]] = {}
        self._parsers: dict[Site, frozenset[Site] | None] = {}
        """The parsers that a declaration may speak of; None while they are looked for."""

    @property
    def methods(self) -> dict[str, CallModel]:
        """The models of methods of parsers."""
        return {
            **dict.fromkeys(("parse_args", "parse_known_args", "_parse_args"), self._parsed),
            **dict.fromkeys(_INTO_DATACLASSES, self._dataclasses),
        }

    # --- results of parse_args ---

    def _parsed(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`parser.parse_args()`, and the pair that `parse_known_args()` returns."""
        parser = result.receiver
        if not isinstance(result.callee, AttributeOf) or parser is None:
            return None
        found = self._dataclasses(result, arguments) or ParsedOptions(parser)
        if result.callee.name == "parse_known_args":
            return SequenceNode((found, Unknown(Reason.OUTSIDE, "the remaining arguments")))
        return found

    def _dataclasses(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`parse_args_into_dataclasses()` and its kin: one object for each class."""
        for option in options(result.receiver) if result.receiver is not None else ():
            parser = option.callee if isinstance(option, CallResult) else None
            if isinstance(parser, External) and parser.name.endswith(_DATACLASS_PARSERS):
                given = self.evaluation.argument(self._given(option), ("dataclass_types",), 0)  # type: ignore[arg-type]
                if given is None:
                    return None
                listed = isinstance(given, SequenceNode)
                classes = [self.evaluation.look(e) for e in given.items] if listed else [given]  # type: ignore[union-attr]
                return SequenceNode(tuple(filled(e, result) for e in classes)) if classes else None
        return None

    def _given(self, result: CallResult) -> Arguments:
        return arguments_of(self.evaluation.index.call(result.site).arguments, result.frame)

    # --- options ---

    def option(self, node: ParsedOptions, name: str) -> Node:
        """`args.name`: the option's default, unless somebody says otherwise."""
        parsers = self._parsers_behind(node.parser)
        sites = self._declarations(name, parsers)
        if not sites:
            origin = Origin(OriginKind.OPTION, min(parsers).file, (name,)) if parsers else None
            return Unknown(Reason.OPTION, "an option that was not found", origin)
        declared = merge(self._option(site, name) for site in sites)
        flags = {
            str(given.value.value).lstrip("-")
            for site in sites
            for given in self.evaluation.index.call(site).arguments
            if given.name is None and isinstance(given.value, Known)
        }
        files = {site.file for site in parsers}
        origin = Origin(OriginKind.OPTION, sites[0].file, (name,))
        return self.evaluation.decided(files, {name, *flags}, declared, origin)

    def has(self, node: ParsedOptions, name: str) -> bool:
        """Whether the parser certainly has this option."""
        return bool(self._declarations(name, self._parsers_behind(node.parser)))

    def _parsers_behind(self, node: Node) -> frozenset[Site]:
        """The calls that made a parser, with its parents'."""
        found: set[Site] = set()
        for each in options(node):
            if isinstance(each, Instance) and each.site is not None:
                bases = self.evaluation.library_bases(each.class_)
                if any(name.endswith("ArgumentParser") for name in bases):
                    found.add(each.site)
            elif isinstance(each, CallResult):
                found |= self._made_by(each)
        return frozenset(found)

    def _made_by(self, result: CallResult) -> set[Site]:
        callee = result.callee
        if isinstance(callee, AttributeOf) and callee.name in _THROUGH:
            return set(self._parsers_behind(callee.receiver))
        if not isinstance(callee, External) or not callee.name.endswith("ArgumentParser"):
            return set()
        parents = self.evaluation.argument(self._given(result), ("parents",))
        found = {result.site}
        for parent in parents.items if isinstance(parents, SequenceNode) else ():
            found |= self._parsers_behind(self.evaluation.look(parent))
        return found

    def _declarations(self, name: str, parsers: frozenset[Site]) -> list[Site]:
        """The `add_argument` and `set_defaults` calls that speak of an option of a parser."""
        key = (name, parsers)
        if key not in self._declared:
            named = self._destinations().get(name, ())
            found = [site for site in named if parsers & (self._declared_on(site) or frozenset())]
            if any(self._parsers[site] is None for site in named):  # is being looked for just now
                return found
            self._declared[key] = found
        return self._declared[key]

    def _declared_on(self, site: Site) -> frozenset[Site] | None:
        if site not in self._parsers:
            self._parsers[site] = None
            callee = self.evaluation.index.call(site).callee
            found: frozenset[Site] = frozenset()
            if isinstance(callee, Attribute):
                frame = self.evaluation.module_frame(site.file)
                found = self._parsers_behind(self.evaluation.force(callee.base, frame))
            self._parsers[site] = found
        return self._parsers[site]

    def _destinations(self) -> dict[str, list[Site]]:
        """All declarations by the name of the option; `set_defaults` first, as it wins."""
        if self._by_destination is None:
            index = self.evaluation.index
            found: defaultdict[str, list[Site]] = defaultdict(list)
            for site in index.calls_by_name.get("set_defaults", ()):
                for given in index.call(site).arguments:
                    found[given.name or ""].append(site)
            for site in index.calls_by_name.get("add_argument", ()):
                found[destination(index.call(site).arguments)].append(site)
            self._by_destination = dict(found)
        return self._by_destination

    def _option(self, site: Site, name: str) -> Node:
        """The default of one declaration."""
        call = self.evaluation.index.call(site)
        arguments = arguments_of(call.arguments, self.evaluation.module_frame(site.file))
        origin = Origin(OriginKind.OPTION, site.file, (name,))
        if last_name(call.callee) == "set_defaults":
            given = self.evaluation.argument(arguments, (name,))
            return soften(given, origin) if given else Unknown(Reason.OPTION, origin=origin)
        default = self.evaluation.argument(arguments, ("default",))
        required = self.evaluation.argument(arguments, ("required",)) == Known(True)
        positional = bool(arguments) and _is_positional(arguments[0][0])
        if required or (positional and default in (None, Known(None), ABSENT)):
            return Unknown(Reason.REQUIRED, "option", origin)
        if default is not None:
            return soften_option(default, origin)
        action = self.evaluation.argument(arguments, ("action",))
        flag = _FLAGS.get(str(action.value)) if isinstance(action, Known) else None
        return Default(flag, origin)


def _is_positional(given: Argument) -> bool:
    text = given.value.value if isinstance(given.value, Known) else None
    return given.name is None and isinstance(text, str) and not text.startswith("-")
