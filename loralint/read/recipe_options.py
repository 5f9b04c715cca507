"""What the keys of a recipe say, as values and as the options of its load."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from loralint.catalog import DTYPES
from loralint.catalog.recipe_shape import Condition, Framework, Quantizer
from loralint.facts import (
    ABSENT,
    BASE_REFERENCE,
    Default,
    Known,
    Reason,
    Scalar,
    Unknown,
    Value,
)
from loralint.read.documents import Node, constant, find

Options = dict[str, Value]

MAX_EXPANSIONS = 8
"""How many interpolations one value may go through."""

_DECIDED = Unknown(Reason.FRAMEWORK, "the framework decides")
_REFERENCE = re.compile(r"\$\{([^${}]*)\}")


class Reader:
    """Looks keys up in one recipe; `root` is what its interpolations look into."""

    def __init__(self, path: str, recipe: Node, root: Node) -> None:
        self.path = path
        self.recipe = recipe
        self.root = root

    def node(self, path: str) -> Node | None:
        """What a key holds; None where it is not there."""
        return next((entry.node for entry in find(self.recipe, path)), None)

    def value(self, path: str) -> Value:
        """The value of a key; one that is empty or null is not given.

        A list is its JSON, so that rules can compare it.
        """
        node = self.node(path)
        if node is None:
            return ABSENT
        if node.items is not None:
            return Known(json.dumps([item.node.value for item in node.items]))
        if node.entries is not None:
            return Unknown(Reason.EXPRESSION, "a mapping")
        if isinstance(node.value, str):
            return self._text(node.value, 0)
        return ABSENT if node.value is None else constant(node.value)

    def name(self, node: Node) -> Value:
        """A repo id or revision: text as it is written, whatever YAML takes it for."""
        if node.entries is not None or node.items is not None:
            return Unknown(Reason.EXPRESSION, "no name")
        return ABSENT if node.value is None or not node.text else self._text(node.text, 0)

    def _text(self, text: str, depth: int) -> Value:
        match = _REFERENCE.search(text)
        if match is None:
            return (
                constant(text)
                if "${" not in text
                else Unknown(Reason.EXPRESSION, "an interpolated value")
            )
        path = match[1]
        found = next(find(self.root, path), None) if path and ":" not in path else None
        if found is None or not found.node.text or depth >= MAX_EXPANSIONS:
            return Unknown(Reason.EXPRESSION, "an interpolated value")
        return self._text(text[: match.start()] + found.node.text + text[match.end() :], depth + 1)

    def holds(self, condition: Condition) -> bool:
        """Whether a key has one of some values, or, where none are named, any that counts."""
        path, wanted = condition
        node = self.node(path)
        value = node.value if node is not None else None
        if wanted:
            return any(value == each and type(value) is type(each) for each in wanted)
        return bool(value) or (node is not None and bool(node.items or node.entries))

    def holds_any(self, conditions: Iterable[Condition]) -> bool:
        """Whether one of some conditions holds."""
        return any(map(self.holds, conditions))


# --- options ------------------------------------------------------------------------------------


def options_of(reader: Reader, framework: Framework) -> Options:
    """The options of the load of a recipe's base model."""
    found: Options = {}
    if framework.quantizer is not None:
        found |= _quantization(reader, framework.quantizer)
    elif framework.component:
        quantised = _builder(reader).rpartition(".")[2].startswith(framework.quantised_builders)
        found["quantization"] = Known("nf4" if quantised else "none")
    trust = reader.value(framework.trust) if framework.trust else _DECIDED
    if trust != ABSENT:
        found["trust_remote_code"] = trust
    dtype = _dtype(reader, framework.dtypes)
    if dtype is not None:
        found["dtype"] = dtype
    if reader.holds_any(framework.hub):
        found["hub"] = Known("modelscope")
    template = reader.value(framework.template) if framework.template else ABSENT
    if template != ABSENT:
        found |= {"template": template, "template_names": Known(framework.name)}
    return found


def reference_of(reader: Reader, framework: Framework) -> Options:
    """What a preference run compares the adapter with, where that is the base without it."""
    preference = framework.preference
    if preference is None or not reader.holds_any(preference.runs):
        return {}
    return {} if reader.holds_any(preference.unless) else {"reference": Known(BASE_REFERENCE)}


def in_four_bits(reader: Reader, framework: Framework) -> bool:
    """Whether a recipe certainly quantises its base model to 4 bits."""
    quantizer = framework.quantizer
    return quantizer is not None and all(map(reader.holds, quantizer.four))


def _quantization(reader: Reader, quantizer: Quantizer) -> Options:
    if all(map(reader.holds, quantizer.four)):
        kind = _or(reader, *quantizer.kind)
        path, otherwise = quantizer.double
        given = reader.value(path) if path else ABSENT
        double = Default(otherwise) if given == ABSENT else given
        return {"load_in_4bit": Known(True), "quantization": kind, "bnb_4bit_quant_type": kind,
                "bnb_4bit_use_double_quant": double}  # fmt: skip
    if quantizer.eight and all(map(reader.holds, quantizer.eight)):
        return {"load_in_8bit": Known(True), "quantization": Known("int8")}
    if reader.holds_any(quantizer.unclear):
        return {"quantization": Unknown(Reason.FRAMEWORK, "how this framework quantises it")}
    return {"quantization": Known("none")}


def _or(reader: Reader, path: str, default: Scalar) -> Value:
    given = reader.value(path) if path else ABSENT
    return Known(default) if given == ABSENT else given


def _dtype(reader: Reader, keys: Iterable[tuple[str, str]]) -> Value | None:
    """The dtype: a key that names it, or a flag for one."""
    for key, name in keys:
        given = reader.value(key)
        if name and given == Known(True):
            return Known(name)
        if not name and isinstance(given, Known) and isinstance(given.value, str):
            text = given.value.removeprefix("torch.")
            return Known(DTYPES.get(text, text))
    return None


def lora_of(reader: Reader, framework: Framework) -> Options:
    """The fields of the LoraConfig that a recipe makes; none where it trains no adapter."""
    found: Options = {}
    for field, key, default in framework.lora if makes_adapter(reader, framework) else ():
        given = reader.value(key)
        if given == ABSENT:
            given = _DECIDED if default is None else Known(default)
        is_list = isinstance(given, Known) and str(given.value).startswith("[")
        if field == "target_modules" and not is_list:
            # Of `all` and of patterns only the model can tell.
            given = Unknown(Reason.FRAMEWORK, "which modules are meant")
        found[f"lora.{field}"] = given
    return found


def makes_adapter(reader: Reader, framework: Framework) -> bool:
    """Whether what a recipe saves is an adapter."""
    if framework.component:
        return any(part in _builder(reader) for part in framework.adapter_builders)
    return reader.holds_any(framework.adapter)


def _builder(reader: Reader) -> str:
    """The function that builds the model in recipes which name it."""
    node = reader.node("model._component_")
    return node.text if node is not None else ""
