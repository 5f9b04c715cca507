"""Options by canonical name: what else decides the weights of a load."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from loralint.catalog import (
    OPTIONS,
    POSITIONAL,
    POSITIONS,
    action_of,
    canonical,
)
from loralint.facts import ABSENT, Absent, Choice, Default, Known, Reason, Unknown, Value
from loralint.project import quantization
from loralint.project.matching import Match
from loralint.values.nodes import (
    Arguments,
    ByDefault,
    CallResult,
    External,
    MappingNode,
    Node,
    OneOf,
    SequenceNode,
    arguments_of,
    merge,
)
from loralint.values.values import value_of

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

Options = dict[str, Value]


def options_of_load(
    evaluator: Evaluator, match: Match, arguments: Arguments
) -> tuple[tuple[str, Value], ...]:
    """All options that a load is given, and what its loader takes where it is not."""
    found: Options = {}
    positions = dict(POSITIONS.get(match.name, ()))
    for name, keywords in OPTIONS.items():
        node = evaluator.argument(arguments, keywords, positions.get(name))
        if node is not None and not isinstance(node, Absent):
            found[name] = option_value(evaluator, node)
    if "dtype" in found:
        found["dtype"] = quantization.dtype(found["dtype"])
    found.update(_adapter_revision(evaluator, arguments))
    found.update(_restated(evaluator, arguments))
    found.update(quantization.of_load(evaluator, match, arguments))
    if match.loader.hub != "huggingface":
        found["hub"] = Known(match.loader.hub)
    found["class"] = _class(match)
    found["keywords"] = Known(" ".join(evaluator.keywords(arguments)))
    return tuple((name, value) for name, value in found.items() if value != ABSENT)


def _class(match: Match) -> Value:
    values = tuple(Known(name) for name in match.classes)
    if not values:
        return ABSENT
    return values[0] if len(values) == 1 else Choice(values)


def option_value(evaluator: Evaluator, node: Node) -> Value:
    """The value of an option: a list is its JSON, so that rules can compare it."""
    if isinstance(node, SequenceNode):
        return _list(evaluator, node)
    if isinstance(node, OneOf):
        return value_of(merge([_scalar(evaluator, option) for option in node.options]))
    if isinstance(node, ByDefault) and isinstance(node.node, SequenceNode):
        found = _list(evaluator, node.node)
        return Default(found.value, node.origin) if isinstance(found, Known) else found
    return value_of(node)


def _scalar(evaluator: Evaluator, node: Node) -> Node:
    return _list(evaluator, node) if isinstance(node, SequenceNode) else node  # type: ignore[return-value]


def _list(evaluator: Evaluator, row: SequenceNode) -> Value:
    values = [value_of(evaluator.look(item)) for item in row.items]
    if not all(isinstance(value, (Known, Default)) for value in values):
        return Unknown(Reason.EXPRESSION, "a list with an unknown part")
    plain = [value.value for value in values if isinstance(value, (Known, Default))]
    return Known(json.dumps(plain))


def _adapter_revision(evaluator: Evaluator, arguments: Arguments) -> Options:
    node = evaluator.argument(arguments, ("adapter_kwargs",))
    if node is None:
        return {}
    found = evaluator.lookup(MappingNode(((None, node),)), "revision")
    return {"adapter_kwargs.revision": value_of(found)} if found is not None else {}


def _restated(evaluator: Evaluator, arguments: Arguments) -> Options:
    """`config=LoraConfig(r=8)` at a load: the adapter's own configuration written out again."""
    node = evaluator.argument(arguments, ("config", "peft_config"))
    if not isinstance(node, CallResult) or not isinstance(node.callee, External):
        return {}
    if action_of(canonical(node.callee.name)) != "lora-config":
        return {}
    call = evaluator.index.call(node.site)
    found = keyword_values(
        evaluator, arguments_of(call.arguments, node.frame), POSITIONAL["lora-config"]
    )
    return {f"config.{name}": value for name, value in found.items()}


def keyword_values(
    evaluator: Evaluator, arguments: Arguments, positional: tuple[str, ...] = ()
) -> Options:
    """Every argument of a call that is a value, by name."""
    found: Options = {}
    names = (*evaluator.keywords(arguments), *positional)
    for name in dict.fromkeys(names):
        position = positional.index(name) if name in positional else None
        node = evaluator.argument(arguments, (name,), position)
        if node is not None and not isinstance(node, Absent):
            found[name] = option_value(evaluator, node)
    return found
