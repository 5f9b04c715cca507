"""argparse and what is built on it: options with their defaults.

A parser is the call that makes it; options belong to it wherever its `add_argument` is called,
also through groups, subparsers, parents and functions that are handed the parser.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

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
    Term,
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
    Frame,
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

_FROM_DATA = {"parse_json_file": "json_file", "parse_yaml_file": "yaml_file", "parse_dict": "args"}


class _Declaration(NamedTuple):
    """A call that declares an option, in the frame that decides its name."""

    site: Site
    frame: Frame


class Argparse:
    """The parsers of a project, with the calls that declare their options."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._by_destination: dict[str, list[_Declaration]] | None = None
        self._declared: dict[tuple[str, frozenset[Site]], list[_Declaration]] = {}
        self._parsers: dict[_Declaration, frozenset[Site] | None] = {}
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
        found = self._dataclasses(result, arguments) or self._typed(result, parser)
        if result.callee.name == "parse_known_args":
            return SequenceNode((found, Unknown(Reason.OUTSIDE, "the remaining arguments")))
        return found

    def _typed(self, result: CallResult, parser: Node) -> Node:
        """The options of a parser; those of typed-argument-parser are fields of its class."""
        bases = self.evaluation.library_bases(parser.class_) if isinstance(parser, Instance) else ()
        if isinstance(parser, Instance) and any(base.startswith("tap.") for base in bases):
            return filled(parser.class_, result)
        return ParsedOptions(parser)

    def _dataclasses(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`parse_args_into_dataclasses()` and its kin: one object for each class."""
        file = _content(result, arguments)
        for option in options(result.receiver) if result.receiver is not None else ():
            made = self._made_with(option)
            if made is None:
                continue
            given = self.evaluation.argument(made, ("dataclass_types",), 0)
            if given is None:
                return None
            listed = isinstance(given, SequenceNode)
            classes = [self.evaluation.look(e) for e in given.items] if listed else [given]  # type: ignore[union-attr]
            objects = tuple(filled(each, result, file) for each in classes)
            return SequenceNode(objects) if objects else None
        return None

    def _made_with(self, node: Node) -> Arguments | None:
        """What a parser of dataclasses, or an object of a subclass of it, is made with."""
        if isinstance(node, Instance):
            bases = self.evaluation.library_bases(node.class_)
            is_parser = any(name.endswith(_DATACLASS_PARSERS) for name in bases)
            return node.arguments if is_parser else None
        parser = node.callee if isinstance(node, CallResult) else None
        if isinstance(parser, External) and parser.name.endswith(_DATACLASS_PARSERS):
            return self._given(node)  # type: ignore[arg-type]
        return None

    def _given(self, result: CallResult) -> Arguments:
        return arguments_of(self.evaluation.index.call(result.site).arguments, result.frame)

    # --- options ---

    def option(self, node: ParsedOptions, name: str) -> Node:
        """`args.name`: the option's default, unless somebody says otherwise."""
        parsers = self._parsers_behind(node.parser)
        declared = self._declarations(name, parsers)
        if not declared:
            origin = Origin(OriginKind.OPTION, min(parsers).file, (name,)) if parsers else None
            return Unknown(Reason.OPTION, "an option that was not found", origin)
        default = merge(self._option(each, name) for each in declared)
        flags = {
            str(given.value.value).lstrip("-")
            for each in declared
            for given in self.evaluation.index.call(each.site).arguments
            if given.name is None and isinstance(given.value, Known)
        }
        files = {site.file for site in parsers}
        origin = Origin(OriginKind.OPTION, declared[0].site.file, (name,))
        return self.evaluation.decided(files, {name, *flags}, default, origin)

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

    def _declarations(self, name: str, parsers: frozenset[Site]) -> list[_Declaration]:
        """The calls that speak of an option of a parser."""
        key = (name, parsers)
        if key not in self._declared:
            named = self._destinations().get(name, ())
            found = [each for each in named if parsers & (self._declared_on(each) or frozenset())]
            if any(self._parsers[each] is None for each in named):  # is being looked for just now
                return found
            self._declared[key] = found
        return self._declared[key]

    def _declared_on(self, each: _Declaration) -> frozenset[Site] | None:
        if each not in self._parsers:
            self._parsers[each] = None
            callee = self.evaluation.index.call(each.site).callee
            found: frozenset[Site] = frozenset()
            if isinstance(callee, Attribute):
                found = self._parsers_behind(self.evaluation.force(callee.base, each.frame))
            self._parsers[each] = found
        return self._parsers[each]

    def _destinations(self) -> dict[str, list[_Declaration]]:
        """All declarations by the name of the option; `set_defaults` first, as it wins."""
        if self._by_destination is None:
            index, module = self.evaluation.index, self.evaluation.module_frame
            found: defaultdict[str, list[_Declaration]] = defaultdict(list)
            self._by_destination = found
            for site in index.calls_by_name.get("set_defaults", ()):
                for given in index.call(site).arguments:
                    found[given.name or ""].append(_Declaration(site, module(site.file)))
            for site in index.calls_by_name.get("add_argument", ()):
                name = destination(index.call(site).arguments)
                if name:
                    found[name].append(_Declaration(site, module(site.file)))
                else:
                    self._computed(site, found)
            for site in index.calls_by_name.get("add_arguments", ()):
                self._of_class(_Declaration(site, module(site.file)), found)
        return self._by_destination

    def _computed(self, site: Site, found: dict[str, list[_Declaration]]) -> None:
        """`parser.add_argument("--" + name)` in a function: one option for each call of it."""
        call = self.evaluation.index.call(site)
        for frame in self.evaluation.entries(site.file, call.function) if call.function else ():
            given = tuple(
                Argument(self._text(each.value, frame), each.name)
                for each in call.arguments
                if each.name in (None, "dest") and not each.stars
            )
            name = destination(given)
            if name:
                found[name].append(_Declaration(site, frame))

    def _text(self, term: Term, frame: Frame) -> Term:
        node = self.evaluation.force(term, frame)
        return Known(node.value) if isinstance(node, (Known, Default)) else ABSENT

    def _of_class(self, each: _Declaration, found: dict[str, list[_Declaration]]) -> None:
        """simple-parsing's `parser.add_arguments(Config, dest="options")`."""
        arguments = arguments_of(self.evaluation.index.call(each.site).arguments, each.frame)
        name = self.evaluation.argument(arguments, ("dest",), 1)
        if isinstance(name, Known):
            found[str(name.value)].append(each)

    def _option(self, declared: _Declaration, name: str) -> Node:
        """The default of one declaration."""
        call = self.evaluation.index.call(declared.site)
        arguments = arguments_of(call.arguments, declared.frame)
        origin = Origin(OriginKind.OPTION, declared.site.file, (name,))
        method = last_name(call.callee)
        if method == "set_defaults":
            given = self.evaluation.argument(arguments, (name,))
            return soften(given, origin) if given else Unknown(Reason.OPTION, origin=origin)
        if method == "add_arguments":
            class_ = self.evaluation.argument(arguments, ("dataclass",), 0)
            made = CallResult(declared.site, declared.frame, Unknown(Reason.OBJECT))
            return filled(class_, made) if class_ else Unknown(Reason.OPTION, origin=origin)
        return self._of_argument(arguments, origin)

    def _of_argument(self, arguments: Arguments, origin: Origin) -> Node:
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


def _content(result: CallResult, arguments: Arguments) -> Arguments:
    """The file or dict that `parse_json_file`, `parse_yaml_file` and `parse_dict` read."""
    name = result.callee.name if isinstance(result.callee, AttributeOf) else ""
    if name not in _FROM_DATA:
        return ()
    found = (
        (given, frame)
        for given, frame in arguments
        if not given.stars and given.name in (None, *_FROM_DATA.values())
    )
    first = next(found, None)
    return ((Argument(first[0].value, None, 2), first[1]),) if first is not None else ()


def _is_positional(given: Argument) -> bool:
    text = given.value.value if isinstance(given.value, Known) else None
    return given.name is None and isinstance(text, str) and not text.startswith("-")
