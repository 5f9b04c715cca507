"""How a model is quantised when it is loaded: flags, and one word for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from loralint.catalog import BITSANDBYTES, DTYPES, QUANTIZATION_CONFIGS
from loralint.facts import ABSENT, Absent, Choice, Default, Known, Reason, Unknown, Value
from loralint.project.matching import Match
from loralint.values.nodes import (
    Arguments,
    ByDefault,
    CallResult,
    External,
    Instance,
    MappingNode,
    Node,
    arguments_of,
    merge,
    options,
)
from loralint.values.values import value_of

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

Options = dict[str, Value]
Get = Callable[[str], "Node | None"]

NONE: Options = {"quantization": Known("none")}
_SCALARS = (Absent, Known, Default, Unknown)
_QUANTISED = frozenset({"base-model", "engine", "pipeline", "model", "embedding"})


def of_load(evaluator: Evaluator, match: Match, arguments: Arguments) -> Options:
    """The quantisation of a load; nothing for what has none (tokenizers, adapters)."""
    if match.loader.artifact not in _QUANTISED:
        return {}
    node = evaluator.argument(arguments, ("quantization_config",))
    if node is None or isinstance(node, Absent):
        return _direct(evaluator, match, arguments)
    readings = [_of_config(evaluator, option) for option in options(node)]
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


def _of_config(evaluator: Evaluator, node: Node) -> Options:
    """What one quantisation configuration says."""
    if isinstance(node, ByDefault):
        return _of_config(evaluator, node.node)
    if isinstance(node, Absent) or (isinstance(node, (Known, Default)) and node.value is None):
        return NONE
    if isinstance(node, MappingNode):
        return _flags(lambda name: evaluator.lookup(node, name), {})
    if isinstance(node, CallResult) and isinstance(node.callee, External):
        return _of_call(evaluator, node, node.callee.name.rpartition(".")[2])
    if isinstance(node, Instance):
        return {"quantization": Unknown(Reason.FRAMEWORK, "a quantisation of the project's own")}
    return {"quantization": Unknown(Reason.EXPRESSION, "a quantisation that cannot be followed")}


def _of_call(evaluator: Evaluator, node: CallResult, name: str) -> Options:
    if name in QUANTIZATION_CONFIGS:
        return {"quantization": Known(QUANTIZATION_CONFIGS[name])}
    if not name.endswith("BitsAndBytesConfig"):
        return {"quantization": Unknown(Reason.EXPRESSION, f"what {name} means")}
    call = evaluator.index.call(node.site)
    given = arguments_of(call.arguments, node.frame)
    positions = {name: position for position, (name, _) in enumerate(BITSANDBYTES[:2])}
    return _flags(lambda key: evaluator.argument(given, (key,), positions.get(key)), {})


def _direct(evaluator: Evaluator, match: Match, arguments: Arguments) -> Options:
    """`load_in_4bit=True` at the load itself, or an engine's `quantization="awq"`."""
    named = evaluator.argument(arguments, ("quantization",))
    if named is not None and not isinstance(named, Absent) and named != Known(None):
        return {"quantization": value_of(named)}
    defaults = dict(match.loader.defaults)

    def get(name: str) -> Node | None:
        found = evaluator.argument(arguments, (name,))
        return found if found is not None or name not in defaults else Known(defaults[name])

    found = _flags(get, {"bnb_4bit_quant_type": "nf4"} if defaults else {})
    if isinstance(get("load_in_4bit"), (Known, Default)) and defaults:
        found.setdefault("load_in_4bit", Known(True))
    return found


def _flags(get: Get, other: dict[str, str]) -> Options:
    """The flags that are given, the library's defaults once it quantises to 4 bits, a summary."""
    found: Options = {}
    for name, _ in BITSANDBYTES:
        node = get(name)
        if node is not None and not isinstance(node, Absent):
            found[name] = dtype(value_of(node)) if name.endswith("dtype") else value_of(node)
    if _may_be_true(found.get("load_in_4bit", ABSENT)):
        for name, default in BITSANDBYTES[2:]:
            found.setdefault(name, Known(other.get(name, default)))
    found["quantization"] = _summary(found)
    return found


def _may_be_true(value: Value) -> bool:
    leaves = value.values if isinstance(value, Choice) else (value,)
    return any(isinstance(leaf, (Known, Default)) and bool(leaf.value) for leaf in leaves)


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
        origin = next(
            (e.origin for e in (four, eight) if isinstance(e, Unknown) and e.origin), None
        )
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


def dtype(value: Value) -> Value:
    """A dtype by its plain name: `torch.float16`, "float16" and `half` are one."""
    if isinstance(value, Choice):
        return _either([dtype(each) for each in value.values if isinstance(each, _SCALARS)])
    if isinstance(value, (Known, Default)) and isinstance(value.value, str):
        name = value.value.removeprefix("torch.")
        name = DTYPES.get(name, name)
        return Known(name) if isinstance(value, Known) else Default(name, value.origin)
    return value
