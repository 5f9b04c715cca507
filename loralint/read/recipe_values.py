"""What the keys of a recipe say, as values and as the options of a load."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from loralint.catalog import DTYPES
from loralint.catalog.recipe_shape import Condition, Framework, Quantizer
from loralint.facts import ABSENT, Known, Reason, Scalar, Unknown, Value
from loralint.read.python import terms
from loralint.read.recipe_nodes import Node, find

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
        """The value of a key; one that is empty or null is not given."""
        node = self.node(path)
        return self.value_of(node) if node is not None else ABSENT

    def value_of(self, node: Node) -> Value:
        """The value of a scalar; a list is its JSON, so that rules can compare it."""
        if node.items is not None:
            return Known(json.dumps([item.node.value for item in node.items]))
        if node.entries is not None:
            return Unknown(Reason.EXPRESSION, "a mapping")
        if isinstance(node.value, str):
            return self._text(node.value, 0)
        return ABSENT if node.value is None else Known(node.value)

    def name(self, node: Node) -> Value:
        """A repo id or revision: text as it is written, whatever YAML takes it for."""
        if node.entries is not None or node.items is not None:
            return Unknown(Reason.NOT_GIVEN, "no name")
        return ABSENT if node.value is None or not node.text else self._text(node.text, 0)

    def _text(self, text: str, depth: int) -> Value:
        if "${" not in text:
            known = terms.text(text)
            return known if isinstance(known, (Known, Unknown)) else ABSENT
        match = _REFERENCE.search(text)
        target = self._referred(match[1]) if match is not None and depth < MAX_EXPANSIONS else None
        if match is None or target is None:
            return Unknown(Reason.EXPRESSION, "an interpolated value")
        return self._text(f"{text[: match.start()]}{target}{text[match.end() :]}", depth + 1)

    def _referred(self, path: str) -> str | None:
        found = next(find(self.root, path), None) if path and ":" not in path else None
        return found.node.text if found is not None and found.node.text else None

    def holds(self, condition: Condition) -> bool:
        """Whether a key has one of some values, or, where none are named, any that counts."""
        path, wanted = condition
        node = self.node(path)
        value = node.value if node is not None else None
        if wanted:
            return value in wanted and not (isinstance(value, bool) and True not in wanted)
        return bool(value) or (node is not None and bool(node.items or node.entries))


# --- options ------------------------------------------------------------------------------------


def options_of(reader: Reader, framework: Framework) -> Options:
    """The options of the load of a recipe's base model."""
    found: Options = {}
    if framework.quantizer is not None:
        found |= _quantization(reader, framework.quantizer)
    elif framework.component:
        quantised = component(reader).rpartition(".")[2].startswith(("qlora", "qdora"))
        found["quantization"] = Known("nf4" if quantised else "none")
    trust = reader.value(framework.trust) if framework.trust else _DECIDED
    if trust != ABSENT:
        found["trust_remote_code"] = trust
    dtype = _dtype(reader, framework.dtypes)
    if dtype is not None:
        found["dtype"] = dtype
    if any(reader.holds(condition) for condition in framework.hub):
        found["hub"] = Known("modelscope")
    return found


def _quantization(reader: Reader, quantizer: Quantizer) -> Options:
    if all(reader.holds(condition) for condition in quantizer.four):
        kind = _or(reader, *quantizer.kind)
        double = _or(reader, *quantizer.double)
        return {"load_in_4bit": Known(True), "quantization": kind, "bnb_4bit_quant_type": kind,
                "bnb_4bit_use_double_quant": double}  # fmt: skip
    if quantizer.eight and all(reader.holds(condition) for condition in quantizer.eight):
        return {"load_in_8bit": Known(True), "quantization": Known("int8")}
    if any(reader.holds(condition) for condition in quantizer.unclear):
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


def lora_of(reader: Reader, framework: Framework) -> Mapping[str, Value]:
    """The fields of the LoraConfig that a recipe makes; none where it trains no adapter."""
    if not makes_adapter(reader, framework):
        return {}
    found: Options = {}
    for field, key, default in framework.lora:
        given = reader.value(key)
        if given == ABSENT:
            given = _DECIDED if default is None else Known(default)
        found[f"lora.{field}"] = _target(given) if field == "target_modules" else given
    return found


def _target(given: Value) -> Value:
    """`all` and patterns stand for modules that only the model can name."""
    is_list = isinstance(given, Known) and str(given.value).startswith("[")
    return given if is_list else Unknown(Reason.FRAMEWORK, "which modules are meant")


def makes_adapter(reader: Reader, framework: Framework) -> bool:
    """Whether what a recipe saves is an adapter."""
    if framework.component:
        return "lora" in component(reader) or "dora" in component(reader)
    return any(reader.holds(condition) for condition in framework.adapter)


def component(reader: Reader) -> str:
    """The builder of the model in torchtune's recipes."""
    node = reader.node("model._component_")
    return node.text if node is not None else ""
