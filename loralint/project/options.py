"""Options by canonical name: what else decides the weights of a load, and what a call is given."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from loralint.catalog import (
    BITSANDBYTES,
    DTYPES,
    OPTIONS,
    POSITIONAL,
    POSITIONS,
    QUANTIZATION_CONFIGS,
)
from loralint.facts import ABSENT, Absent, Choice, Default, Known, Reason, Unknown, Value, leaves
from loralint.project.calls import Linker, Loading
from loralint.values.nodes import (
    Arguments,
    ByDefault,
    CallResult,
    External,
    Instance,
    MappingNode,
    Node,
    SequenceNode,
    merge,
    options,
)
from loralint.values.values import value_of

Options = dict[str, Value]
Get = Callable[[str], "Node | None"]

_SCALARS = (Absent, Known, Default, Unknown)
_QUANTISED = frozenset({"base-model", "engine", "pipeline", "model", "embedding"})
_LOADS_BASE = "peft.AutoPeft"
"""Hands its keywords on to the load of the base."""

_NOT_QUANTISED: Options = {"quantization": Known("none")}


def options_of_load(
    linker: Linker, loading: Loading, arguments: Arguments
) -> tuple[tuple[str, Value], ...]:
    """All options that a load is given, and what its loader takes where it is not."""
    found: Options = {}
    positions = dict(POSITIONS.get(loading.name, ()))
    for name, keywords in OPTIONS.items():
        node = linker.evaluator.argument(arguments, keywords, positions.get(name))
        if node is not None and not isinstance(node, Absent):
            found[name] = option_value(linker, node)
    if "dtype" in found:
        found["dtype"] = _dtype(found["dtype"])
    found.update(_adapter_revision(linker, arguments))
    found.update(_restated(linker, arguments))
    found.update(_quantization(linker, loading, arguments))
    if loading.loader.hub != "huggingface":
        found["hub"] = Known(loading.loader.hub)
    if loading.classes:
        names = tuple(Known(name) for name in loading.classes)
        found["class"] = names[0] if len(names) == 1 else Choice(names)
    found["keywords"] = Known(" ".join(linker.evaluator.keywords(arguments)))
    return tuple((name, value) for name, value in found.items() if value != ABSENT)


def option_value(linker: Linker, node: Node) -> Value:
    """The value of an option: a list is its JSON, so that rules can compare it."""
    if isinstance(node, ByDefault) and isinstance(node.node, SequenceNode):
        found = _list(linker, node.node)
        return Default(found.value, node.origin) if isinstance(found, Known) else found
    each = (_list(linker, one) if isinstance(one, SequenceNode) else one for one in options(node))
    return value_of(merge(list(each)))


def _list(linker: Linker, row: SequenceNode) -> Known | Unknown:
    values = [value_of(linker.evaluator.look(item)) for item in row.items]
    if not all(isinstance(value, (Known, Default)) for value in values):
        return Unknown(Reason.EXPRESSION, "a list with an unknown part")
    plain = [value.value for value in values if isinstance(value, (Known, Default))]
    return Known(json.dumps(plain))


def _adapter_revision(linker: Linker, arguments: Arguments) -> Options:
    node = linker.evaluator.argument(arguments, ("adapter_kwargs",))
    if node is None:
        return {}
    found = linker.evaluator.lookup(MappingNode(((None, node),)), "revision")
    return {"adapter_kwargs.revision": value_of(found)} if found is not None else {}


def _restated(linker: Linker, arguments: Arguments) -> Options:
    """`config=LoraConfig(r=8)` at a load: the adapter's own configuration written out again."""
    node = linker.evaluator.argument(arguments, ("config", "peft_config"))
    if not isinstance(node, CallResult) or linker.made(node).kind != "lora-config":
        return {}
    found = keyword_values(linker, linker.arguments_of(node), POSITIONAL["lora-config"])
    return {f"config.{name}": value for name, value in found.items()}


def keyword_values(
    linker: Linker, arguments: Arguments, positional: tuple[str, ...] = ()
) -> Options:
    """Every argument of a call that is a value, by name."""
    found: Options = {}
    names = (*linker.evaluator.keywords(arguments), *positional)
    for name in dict.fromkeys(names):
        position = positional.index(name) if name in positional else None
        node = linker.evaluator.argument(arguments, (name,), position)
        if node is not None and not isinstance(node, Absent):
            found[name] = option_value(linker, node)
    return found


# --- quantisation -------------------------------------------------------------------------------


def _quantization(linker: Linker, loading: Loading, arguments: Arguments) -> Options:
    """The quantisation of a load; nothing for what has none (tokenizers, adapters)."""
    if loading.loader.artifact not in _QUANTISED and not loading.name.startswith(_LOADS_BASE):
        return {}
    node = linker.evaluator.argument(arguments, ("quantization_config",))
    if node is None or isinstance(node, Absent):
        return _direct(linker, loading, arguments)
    readings = [_of_config(linker, option) for option in options(node)]
    names = dict.fromkeys(name for reading in readings for name in reading)
    return {name: _either([each.get(name, ABSENT) for each in readings]) for name in names}


def _either(values: list[Value]) -> Value:
    nodes: list[Node] = []
    for value in values:
        if isinstance(value, Choice):
            nodes.extend(each for each in value.values if isinstance(each, _SCALARS))
        else:
            nodes.append(value)
    return value_of(merge(nodes))


def _of_config(linker: Linker, node: Node) -> Options:
    """What one quantisation configuration says."""
    if isinstance(node, ByDefault):
        return _of_config(linker, node.node)
    if isinstance(node, Absent) or (isinstance(node, (Known, Default)) and node.value is None):
        return _NOT_QUANTISED
    if isinstance(node, MappingNode):
        return _flags(lambda name: linker.evaluator.lookup(node, name), {})
    if isinstance(node, CallResult) and isinstance(node.callee, External):
        return _of_call(linker, node, node.callee.name.rpartition(".")[2])
    if isinstance(node, Instance):
        return {"quantization": Unknown(Reason.FRAMEWORK, "a quantisation of the project's own")}
    return {"quantization": Unknown(Reason.EXPRESSION, "a quantisation that cannot be followed")}


def _of_call(linker: Linker, node: CallResult, name: str) -> Options:
    if name in QUANTIZATION_CONFIGS:
        return {"quantization": Known(QUANTIZATION_CONFIGS[name])}
    if not name.endswith("BitsAndBytesConfig"):
        return {"quantization": Unknown(Reason.EXPRESSION, f"what {name} means")}
    given = linker.arguments_of(node)
    positions = {name: position for position, (name, _) in enumerate(BITSANDBYTES[:2])}
    return _flags(lambda key: linker.evaluator.argument(given, (key,), positions.get(key)), {})


def _direct(linker: Linker, loading: Loading, arguments: Arguments) -> Options:
    """`load_in_4bit=True` at the load itself, or an engine's `quantization="awq"`."""
    named = linker.evaluator.argument(arguments, ("quantization",))
    if named is not None and not isinstance(named, Absent) and named != Known(None):
        return {"quantization": value_of(named)}
    defaults = dict(loading.loader.defaults)

    def get(name: str) -> Node | None:
        found = linker.evaluator.argument(arguments, (name,))
        return found if found is not None or name not in defaults else Known(defaults[name])

    found = _flags(get, _UNSLOTH_BITS if defaults else {})
    if isinstance(get("load_in_4bit"), (Known, Default)) and defaults:
        found.setdefault("load_in_4bit", Known(True))
    return found


_UNSLOTH_BITS: dict[str, str | bool] = {
    "bnb_4bit_quant_type": "nf4",
    "bnb_4bit_use_double_quant": True,
}
"""What unsloth quantises to 4 bits with; nobody can say otherwise."""


def _flags(get: Get, other: Mapping[str, str | bool]) -> Options:
    """The flags that are given, the library's defaults once it quantises to 4 bits, a summary."""
    found: Options = {}
    for name, _ in BITSANDBYTES:
        node = get(name)
        if node is not None and not isinstance(node, Absent):
            found[name] = _dtype(value_of(node)) if name.endswith("dtype") else value_of(node)
    if _may_be_true(found.get("load_in_4bit", ABSENT)):
        for name, default in BITSANDBYTES[2:]:
            found.setdefault(name, Known(other.get(name, default)))
    found["quantization"] = _summary(found)
    return found


def _may_be_true(value: Value) -> bool:
    return any(isinstance(leaf, (Known, Default)) and bool(leaf.value) for leaf in leaves(value))


def _summary(found: Options) -> Value:
    """One word: nf4, fp4, int8 or none."""
    four, eight = found.get("load_in_4bit", ABSENT), found.get("load_in_8bit", ABSENT)
    if _is_true(four):
        return _as_default(found["bnb_4bit_quant_type"], four)
    if _is_true(eight):
        return _as_default(Known("int8"), eight)
    if _is_false(four) and _is_false(eight):
        return _as_default(_as_default(Known("none"), four), eight)
    return _open(found, four, eight)


def _open(found: Options, four: Value, eight: Value) -> Value:
    """Flags of which some depend on a condition, or cannot be known."""
    if any(isinstance(each, Unknown) for each in (four, eight)):
        origins = (each.origin for each in (four, eight) if isinstance(each, Unknown))
        origin = next((each for each in origins if each), None)
        return Unknown(Reason.COMPUTED, "whether it is quantised cannot be known", origin)
    words: list[Value] = [found["bnb_4bit_quant_type"]] if _may_be_true(four) else []
    words += [Known("int8")] if _may_be_true(eight) else []
    return _either([*words, Known("none")])


def _is_true(value: Value) -> bool:
    return isinstance(value, (Known, Default)) and bool(value.value)


def _is_false(value: Value) -> bool:
    return isinstance(value, Absent) or (isinstance(value, (Known, Default)) and not value.value)


def _as_default(value: Value, by: Value) -> Value:
    """`value`, as a default where the flag behind it is one."""
    if isinstance(value, Known) and isinstance(by, Default):
        return Default(value.value, by.origin)
    return value


def _dtype(value: Value) -> Value:
    """A dtype by its plain name: `torch.float16`, "float16" and `half` are one."""
    if isinstance(value, Choice):
        return _either([_dtype(each) for each in value.values if isinstance(each, _SCALARS)])
    if isinstance(value, (Known, Default)) and isinstance(value.value, str):
        name = value.value.removeprefix("torch.")
        name = DTYPES.get(name, name)
        return Known(name) if isinstance(value, Known) else Default(name, value.origin)
    return value
