"""Attributes, items and elements of nodes, and keys in mappings through what they spread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from loralint.catalog import STARTED_ELSEWHERE
from loralint.facts import ABSENT, Absent, Default, Known, Reason, Unknown
from loralint.values import classes, names
from loralint.values.evaluation import Evaluation
from loralint.values.nodes import (
    MAX_OPTIONS,
    AttributeOf,
    ByDefault,
    CallResult,
    Class,
    Evaluable,
    External,
    FilledObject,
    Function,
    Instance,
    ItemOf,
    MappingNode,
    Module,
    Node,
    OneOf,
    ParsedOptions,
    SequenceNode,
    arguments_of,
    merge,
    options,
    soften,
    soften_option,
)
from loralint.values.paths import tidied
from loralint.values.values import SPREAD, origin_of

MISSING = Unknown(Reason.NO_SUCH_KEY)

MAX_LEVELS = 20
"""No path is followed upwards further than this."""

MAX_CHANGES = 20
"""An object of which more is set is none that a model's flow goes through."""


# --- attributes ---------------------------------------------------------------------------------


def attribute(evaluation: Evaluation, node: Node, name: str) -> Node:
    """`node.name`."""
    handler = _ATTRIBUTES.get(type(node))
    return handler(evaluation, node, name) if handler is not None else AttributeOf(node, name)


def _of_several(evaluation: Evaluation, node: OneOf, name: str) -> Node:
    origin = node.origin.item(name) if node.origin is not None else None
    return merge((attribute(evaluation, each, name) for each in _not_empty(node)), origin)


def _not_empty(node: OneOf) -> tuple[Node, ...]:
    """The options that have something in them: code that asks None or `{}` for it ends there."""
    return tuple(each for each in node.options if not _is_empty(each)) or node.options


def _is_empty(node: Node) -> bool:
    return node == Known(None) or (isinstance(node, MappingNode) and not node.entries)


def _of_default(evaluation: Evaluation, node: ByDefault, name: str) -> Node:
    origin = node.origin.item(name) if node.origin is not None else None
    return soften(attribute(evaluation, node.node, name), origin)


def _of_mapping(evaluation: Evaluation, node: MappingNode, name: str) -> Node:
    found = evaluation.lookup(node, name)
    if found is not None and found != SPREAD:
        return found
    whole = changed(evaluation, node)
    if whole is not None:
        return attribute(evaluation, whole, name)
    # keys(), a namespace's method
    return found if found is not None else AttributeOf(node, name)


def _of_module(evaluation: Evaluation, node: Module, name: str) -> Node:
    found = names.own(evaluation, node.path, [name])
    return found or Unknown(Reason.NOT_FOUND, f"{name} of {node.path}")


def _of_external(evaluation: Evaluation, node: External, name: str) -> Node:
    return External(f"{node.name}.{name}")


def _of_options(evaluation: Evaluation, node: ParsedOptions, name: str) -> Node:
    return evaluation.library.parsers.option(node, name)


def _of_filled(evaluation: Evaluation, node: FilledObject, name: str) -> Node:
    origin = node.origin.item(name)
    given = evaluation.argument(node.content, (name,)) if node.content else None
    if given is not None and given != SPREAD:
        return given
    unknown = Unknown(Reason.OPTION, f"an option of {node.name}", origin)
    return evaluation.decided((node.origin.file,), (name,), unknown, origin)


def _of_result(evaluation: Evaluation, node: CallResult, name: str) -> Node:
    """What a library's configuration object was given: `TrainingArguments(output_dir=x)`."""
    callee = node.callee
    if isinstance(callee, External) and callee.name.endswith(("Config", "Arguments", "Args")):
        arguments = arguments_of(evaluation.index.call(node.site).arguments, node.frame)
        found = evaluation.argument(arguments, (name,))
        if found is not None:
            return found
    return AttributeOf(node, name)


def _of_scalar(evaluation: Evaluation, node: Known | Default, name: str) -> Node:
    """`.value` of an enum's member is what the member was set to; `.parent` of a path is above."""
    if name == "parent" and isinstance(node.value, str):
        return folder_above(node, 1)
    return node if name in ("value", "name") else AttributeOf(node, name)


def folder_above(node: Known | Default, levels: int) -> Node:
    """The folder so many levels above a path."""
    text = tidied("/".join((str(node.value), *[".."] * levels)))
    return Known(text) if isinstance(node, Known) else Default(text, node.origin)


def _of_function(evaluation: Evaluation, node: Function, name: str) -> Node:
    """`train.remote` is the function, which runs on another machine."""
    return node if name in STARTED_ELSEWHERE else AttributeOf(node, name)


_ATTRIBUTES: dict[type, Callable[[Any, Any, str], Node]] = {
    OneOf: _of_several,
    ByDefault: _of_default,
    MappingNode: _of_mapping,
    Instance: classes.instance_attribute,
    Class: classes.class_attribute,
    Function: _of_function,
    Module: _of_module,
    External: _of_external,
    ParsedOptions: _of_options,
    FilledObject: _of_filled,
    CallResult: _of_result,
    Known: _of_scalar,
    Default: _of_scalar,
}


# --- items --------------------------------------------------------------------------------------


def item(evaluation: Evaluation, base: Node, key: Node, default: Evaluable | None = None) -> Node:
    """`base[key]`, or `base.get(key, default)`."""
    if isinstance(base, OneOf):
        origin = base.origin
        if origin is not None and isinstance(key, (Known, Default)):
            origin = origin.item(key.value)
        inside = _not_empty(base) if default is None else base.options
        found_in = [item(evaluation, each, key, default) for each in inside]
        # where there is no such key, the code ends
        return merge([each for each in found_in if each is not MISSING] or found_in, origin)
    if isinstance(base, ByDefault):
        found = item(evaluation, base.node, key, default)
        origin = base.origin
        if origin is not None and isinstance(key, (Known, Default)):
            origin = origin.item(key.value)
        # what a file by default lacks, another file may have
        return Default(None, origin) if found is MISSING else soften(found, origin)
    if isinstance(key, OneOf):
        return merge(item(evaluation, base, option, default) for option in key.options)
    if isinstance(key, Default) and key.value is not None:
        return soften(item(evaluation, base, Known(key.value), default), key.origin)
    if isinstance(key, Known):
        return _at(evaluation, base, key, default)
    return _under_any_key(evaluation, base, default)


def _at(evaluation: Evaluation, base: Node, key: Known, default: Evaluable | None) -> Node:
    if isinstance(base, SequenceNode):
        inside = type(key.value) is int and -len(base.items) <= key.value < len(base.items)
        return evaluation.look(base.items[key.value]) if inside else MISSING  # type: ignore[index]
    if isinstance(base, MappingNode):
        return _or_default(evaluation, evaluation.lookup(base, str(key.value)), default)
    if isinstance(base, FilledObject) and isinstance(key.value, str):
        return _unless_given(evaluation, attribute(evaluation, base, key.value), default)
    if isinstance(base, (Instance, ParsedOptions)) and isinstance(key.value, str):
        found = attribute(evaluation, base, key.value)
        given = None if isinstance(found, AttributeOf) else found
        return _or_default(evaluation, given, default)
    if isinstance(base, (Instance, ParsedOptions, FilledObject)) and not _is_row(evaluation, base):
        return MISSING  # one object is not unpacked into several
    return _unless_given(evaluation, _of_unknown(base, key), default)


def _unless_given(evaluation: Evaluation, found: Node, default: Evaluable | None) -> Node:
    """`data.get(key, default)` of what others fill: the default, unless they say otherwise."""
    is_open = isinstance(found, (AttributeOf, ItemOf)) or (
        isinstance(found, Unknown) and found.reason not in _NOT_SEEN
    )
    if default is None or not is_open:
        return found
    return soften_option(evaluation.look(default), origin_of(found))


_NOT_SEEN = frozenset({Reason.INVOLVED, Reason.NOT_READ, Reason.NOT_FOUND, Reason.UNDEFINED})
"""What nobody looked at may well hold a key."""


def _is_row(evaluation: Evaluation, node: Node) -> bool:
    """Whether an object of the project may be a tuple, or has items by a method of its own."""
    if not isinstance(node, Instance):
        return False
    ancestors = evaluation.ancestors(node.class_)
    own = any(evaluation.function(e.path, f"{e.fact.name}.__getitem__") for e in ancestors)
    return own or bool(evaluation.library_bases(node.class_))


def _of_unknown(base: Node, key: Known) -> Node:
    if isinstance(base, Unknown) and base.origin is not None:
        return replace(base, origin=base.origin.item(key.value), pattern="")
    folder = _in_parents(base, key) if isinstance(base, AttributeOf) else None
    if folder is not None:
        return folder
    if isinstance(key.value, (str, int)):
        return ItemOf(base, key.value)
    return Unknown(Reason.EXPRESSION, "an item")


def _in_parents(base: AttributeOf, key: Known) -> Node | None:
    """`path.parents[N]`."""
    path, level = base.receiver, key.value
    if base.name != "parents" or type(level) is not int or not 0 <= level < MAX_LEVELS:
        return None
    if isinstance(path, (Known, Default)) and isinstance(path.value, str):
        return folder_above(path, level + 1)
    return None


def _or_default(evaluation: Evaluation, found: Node | None, default: Evaluable | None) -> Node:
    if found is None:
        return evaluation.look(default) if default is not None else MISSING
    if found == SPREAD:
        return _unless_given(evaluation, found, default)
    if isinstance(found, OneOf) and ABSENT in found.options:
        rest = [each for each in found.options if not isinstance(each, Absent)]
        return merge([*rest, *([evaluation.look(default)] if default is not None else [])])
    return found


def _under_any_key(evaluation: Evaluation, base: Node, default: Evaluable | None) -> Node:
    given: list[Evaluable] = []
    if isinstance(base, MappingNode) and all(key is not None for key, _ in base.entries):
        given = [value for _, value in base.entries]
    elif isinstance(base, SequenceNode):
        given = list(base.items)
    if not 0 < len(given) <= MAX_OPTIONS:
        return Unknown(Reason.EXPRESSION, "an item under a key that is not known")
    return merge(evaluation.look(each) for each in (*given, *([default] if default else [])))


def element(evaluation: Evaluation, base: Node) -> Node:
    """Any one element of a collection: a mapping is iterated by its keys."""
    if isinstance(base, SequenceNode) and base.items:
        return merge(evaluation.look(each) for each in base.items)
    if isinstance(base, MappingNode):
        keys = [Known(key) for key, _ in base.entries if key is not None]
        whole = len(keys) == len(base.entries) and bool(keys)
        return merge(keys) if whole else Unknown(Reason.EXPRESSION, "a key")
    if isinstance(base, OneOf):
        return merge(element(evaluation, option) for option in base.options)
    if isinstance(base, ByDefault):
        return soften(element(evaluation, base.node), base.origin)
    return Unknown(Reason.EXPRESSION, "an element of something that is not known")


def rows(base: Node) -> tuple[Evaluable, ...]:
    """The elements of a collection of which all are known, one after another; else none."""
    if isinstance(base, SequenceNode):
        return base.items
    if isinstance(base, MappingNode) and all(key is not None for key, _ in base.entries):
        return tuple(Known(key) for key, _ in base.entries)
    return ()


# --- keys of mappings ---------------------------------------------------------------------------


def lookup(
    evaluation: Evaluation, mapping: MappingNode, key: str, end: int | None = None
) -> Node | None:
    """What certainly stands under `key`; None where it is absent, Unknown where a spread hides it.

    A key that may be absent (one branch sets it) is a choice with `Absent` in it. A mapping that
    spreads itself (`self.x = {**self.x, ...}`) adds nothing by that. Entries from `end` on are
    left out.
    """
    mark = (id(mapping), key)
    if end is None and (mark in evaluation.busy or not evaluation.spend()):
        return None
    evaluation.busy.add(mark)
    try:
        for position in reversed(range(len(mapping.entries) if end is None else end)):
            name, given = mapping.entries[position]
            if name is not None and name != key:
                continue
            found: Node | None = evaluation.look(given)
            if name is None and found is not None:
                found = _spread(evaluation, found, key)
            if found == SPREAD:
                return _given_before(evaluation, mapping, key, position) or found
            if found is not None:
                return _with_earlier(evaluation, mapping, key, position, found)
        return None
    finally:
        if end is None:
            evaluation.busy.discard(mark)


def _given_before(
    evaluation: Evaluation, mapping: MappingNode, key: str, position: int
) -> Node | None:
    """What was given before an unknown mapping was spread: that may replace it, not take it away.

    So it holds unless somebody says otherwise.
    """
    found = lookup(evaluation, mapping, key, position)
    if found is None or ABSENT in options(found) or isinstance(found, Unknown):
        return None
    return soften(found, origin_of(found))


def _with_earlier(
    evaluation: Evaluation, mapping: MappingNode, key: str, position: int, found: Node
) -> Node | None:
    """`found`, or where it may be absent what earlier entries say."""
    if ABSENT not in options(found):
        return found
    earlier = lookup(evaluation, mapping, key, position)
    if not isinstance(found, OneOf):
        return earlier
    kept = [option for option in found.options if not isinstance(option, Absent)]
    return merge([*kept, earlier if earlier is not None else ABSENT])


def _spread(evaluation: Evaluation, node: Node, key: str) -> Node | None:
    """What `**node` gives for a key; None where it certainly has none."""
    if isinstance(node, MappingNode):
        return lookup(evaluation, node, key)
    if isinstance(node, OneOf):
        found = [_spread(evaluation, option, key) for option in node.options]
        if all(each is None for each in found):
            return None
        return merge(ABSENT if each is None else each for each in found)
    if isinstance(node, ByDefault):
        return _spread_by_default(evaluation, node, key)
    if isinstance(node, (Instance, ParsedOptions)):
        if isinstance(node, Instance):
            has = classes.has_field(evaluation, node.class_, key)
        else:
            has = evaluation.library.parsers.has(node, key)
        return attribute(evaluation, node, key) if has else None
    return None if isinstance(node, (Absent, Known)) else SPREAD


def _spread_by_default(evaluation: Evaluation, node: ByDefault, key: str) -> Node | None:
    """A `{}` by default is there to be filled by the caller; a file by default is what it says."""
    origin = node.origin.item(key) if node.origin is not None else None
    if isinstance(node.node, MappingNode) and not node.node.entries:
        return Default(None, origin)
    inner = _spread(evaluation, node.node, key)
    return None if inner is None else soften(inner, origin)


def changed(evaluation: Evaluation, mapping: MappingNode) -> Node | None:
    """The object of which something was set (`model.config.use_cache = False`); None for dicts."""
    node: Node = mapping
    for _ in range(MAX_CHANGES):
        if not isinstance(node, MappingNode):
            break
        if not node.entries or node.entries[0][0] is not None:
            return None
        node = evaluation.look(node.entries[0][1])
    return node if isinstance(node, (CallResult, ItemOf, AttributeOf)) else None
