"""What a state dict is read from, and which tokens a tokenizer is given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from loralint.catalog import canonical
from loralint.facts import ABSENT, Known, Value
from loralint.values.nodes import (
    Arguments,
    CallResult,
    External,
    MappingNode,
    Node,
    SequenceNode,
    arguments_of,
)
from loralint.values.values import texts_of, value_of

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

_STATE = ("state_dict", "peft_model_state_dict")
_READERS = frozenset(
    """safetensors.load_file torch.load peft.load_peft_weights mlx.load
    safetensors.torch.load_file""".split()
)
_PADDING = "pad_token"


def state_source(evaluator: Evaluator, kind: str, arguments: Arguments) -> Value:
    """The path that the state dict of a "load-state" is read from; Absent where none is seen."""
    if kind != "load-state":
        return ABSENT
    node = evaluator.argument(arguments, _STATE, 0)
    return _read_from(evaluator, node) if isinstance(node, CallResult) else ABSENT


def _read_from(evaluator: Evaluator, node: CallResult) -> Value:
    if not isinstance(node.callee, External) or canonical(node.callee.name) not in _READERS:
        return ABSENT
    call = evaluator.index.call(node.site)
    given = evaluator.argument(arguments_of(call.arguments, node.frame), ("filename", "f"), 0)
    return value_of(given) if given is not None else ABSENT


def added_tokens(evaluator: Evaluator, kind: str, arguments: Arguments) -> dict[str, Value]:
    """The tokens that an "add-tokens" adds for the model to learn: padding is none of them."""
    if kind != "add-tokens":
        return {}
    node = evaluator.argument(arguments, ("special_tokens_dict", "new_tokens"), 0)
    found = _tokens(evaluator, node) if node is not None else None
    return {"tokens": Known(json.dumps(found))} if found is not None else {}


def _tokens(evaluator: Evaluator, node: Node) -> list[str] | None:
    """The texts of a list, or of a mapping without its padding; None where not all are known."""
    if isinstance(node, Known) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, SequenceNode):
        return _joined(_tokens(evaluator, evaluator.look(item)) for item in node.items)
    if isinstance(node, MappingNode):
        keys = [key for key, _ in node.entries if key != _PADDING]
        found = [evaluator.lookup(node, key) for key in keys if key is not None]
        complete = len(found) == len(keys)
        return _joined(_entry(evaluator, each) for each in found) if complete else None
    return None


def _entry(evaluator: Evaluator, node: Node | None) -> list[str] | None:
    if isinstance(node, SequenceNode):
        return _tokens(evaluator, node)
    texts = texts_of(value_of(node)) if node is not None else ()
    return list(texts) or None


def _joined(parts: object) -> list[str] | None:
    found: list[str] = []
    for part in parts:  # type: ignore[attr-defined]
        if part is None:
            return None
        found += part
    return found
