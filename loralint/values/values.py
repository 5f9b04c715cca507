"""Nodes → values, and strings put together from parts."""

from __future__ import annotations

from itertools import product

from loralint.facts import (
    Absent,
    Choice,
    Default,
    Known,
    Origin,
    OriginKind,
    Reason,
    Unknown,
    Value,
)
from loralint.facts.origins import joined as united
from loralint.values.nodes import (
    MAX_OPTIONS,
    External,
    Foreign,
    Method,
    Node,
    Outcome,
    Part,
    Soft,
    merge,
    options,
    soften,
)
from loralint.values.patterns import pattern

SPREAD = Unknown(Reason.IN_KEYWORDS)
"""What an unknown mapping that is spread gives for a key."""

_CONSTANT_OWNERS = frozenset({"torch", "numpy", "np", "jax", "tensorflow"})


def value_of(node: Node) -> Value:
    """What a node is to a rule. An option that nobody has to give is unknown: forwarded."""
    leaves = [_leaf(option) for option in options(node)]
    if len(leaves) == 1:
        return leaves[0]
    return _choice(leaves)


def _choice(leaves: list[Value]) -> Value:
    """The different values; one that is certain here and a default there is a default."""
    flat: dict[object, Value] = {}
    for leaf in leaves:
        for each in leaf.values if isinstance(leaf, Choice) else (leaf,):
            key = _key(each)  # type: ignore[arg-type]  # a choice of a value holds values
            if key not in flat or isinstance(each, Default):
                flat[key] = each  # type: ignore[assignment]
    found = tuple(flat.values())
    return found[0] if len(found) == 1 else Choice(found)


def _key(value: Value) -> object:
    if isinstance(value, (Known, Default)):
        return (type(value.value), value.value)
    return value


def _leaf(node: Node) -> Value:
    if isinstance(node, Default):
        return node if node.value is not None else _nothing(node.origin)
    if isinstance(node, (Absent, Known, Unknown)):
        return node
    if isinstance(node, Soft):
        return value_of(soften(node.node, node.origin)) if _is_scalar(node.node) else _opaque(node)
    return _constant(node) if isinstance(node, External) else _opaque(node)


def _nothing(origin: Origin | None) -> Unknown:
    """What nobody has to give, and nothing is there unless somebody does."""
    environment = origin is not None and origin.kind is OriginKind.ENVIRONMENT
    return Unknown(Reason.ENVIRONMENT if environment else Reason.FORWARDED, origin=origin)


def _is_scalar(node: Node) -> bool:
    return isinstance(node, (Known, Default, Unknown, Absent))


def _constant(node: External) -> Value:
    """`torch.bfloat16` and `TaskType.CAUSAL_LM` are as good as their names."""
    *owners, name = node.name.split(".")
    enumeration = len(owners) > 1 and owners[-1][:1].isupper() and name.isupper()
    category = owners == ["builtins"] and name.endswith("Warning")
    if owners and (owners[0] in _CONSTANT_OWNERS or enumeration or category):
        return Known(name)
    origin = Origin(OriginKind.IMPORT, name=tuple(node.name.split(".")))
    return Unknown(Reason.LIBRARY_NAME, origin=origin if name.isupper() else None)


def _opaque(node: Node) -> Unknown:
    reason, what = _reason(node)
    return Unknown(reason, what, origin_of(node))


def _reason(node: Node) -> tuple[Reason, str]:
    """Why a node is no value."""
    if isinstance(node, Unknown):
        return node.reason, node.what
    if isinstance(node, Method):
        unknown = isinstance(node.receiver, Unknown)
        return _reason(node.receiver) if unknown else (Reason.ATTRIBUTE, node.name)
    if isinstance(node, Part):
        return _reason(node.whole)
    if isinstance(node, Outcome):
        called = _called(node.callee)
        return Reason.RESULT, f"{called}()" if called else ""
    return Reason.OBJECT, ""


def _called(node: Node) -> str:
    return node.name.rpartition(".")[2] if isinstance(node, (External, Method)) else ""


def origin_of(node: Node) -> Origin | None:
    """What makes two unknown things the same one."""
    if isinstance(node, (Unknown, Default, Foreign)):
        return node.origin
    if isinstance(node, Method):
        return _extended(origin_of(node.receiver), node.name)
    if isinstance(node, Part) and node.key is not None:
        return _extended(origin_of(node.whole), node.key)
    if isinstance(node, Outcome) and node.frame.depth == 0:
        return Origin(OriginKind.RESULT, node.path, (_called(node.callee),), call=node.site.number)
    return None


def comes_from(value: Value, called: str) -> bool:
    """Whether a value is the result of such a call of the file's own code, or is made of it."""
    return any(each.called == called for origin in origins_of(value) for each in origin.within())


def _extended(origin: Origin | None, name: object) -> Origin | None:
    return origin.item(name) if origin is not None else None


def is_object(node: Node) -> bool:
    """Whether a node is certainly no string: a model, a dict, a class."""
    return not isinstance(node, (Known, Default, Unknown, Absent, Method, Part, External, Soft))


# --- strings ------------------------------------------------------------------------------------


def joined(parts: list[Node], separator: str) -> Node:
    """The string that `parts` make: every combination of what they may be, up to a limit."""
    choices = [options(part) for part in parts]
    total = 1
    for choice in choices:
        total *= len(choice)
    if total > MAX_OPTIONS:
        known = [
            _leaf(choice[0]) if len(choice) == 1 else Unknown(Reason.COMPUTED) for choice in choices
        ]
        return Unknown(
            Reason.INVOLVED, "too many possible values", pattern=pattern(known, separator)
        )
    return merge([_one(combination, separator) for combination in product(*choices)])


def _one(parts: tuple[Node, ...], separator: str) -> Node:
    values = [_leaf(part) for part in parts]
    if Known(None) in values:
        return Unknown(Reason.COMPUTED, "put together with None")
    if all(isinstance(value, (Known, Default)) for value in values):
        texts = [str(value.value) for value in values if isinstance(value, (Known, Default))]
        origins = [value.origin for value in values if isinstance(value, Default)]
        text = _path(texts) if separator == "/" else separator.join(texts)
        return Default(text, origins[0]) if origins else Known(text)
    return _unknown(values, separator)


def _path(texts: list[str]) -> str:
    path = ""
    for text in texts:  # as os.path.join: an absolute part starts anew
        path = text if text.startswith("/") or not path else f"{path.rstrip('/')}/{text}"
    return path


def _unknown(values: list[Value], separator: str) -> Unknown:
    """A string with unknown parts is the same as another of the same parts."""
    parts: list[str | Origin] = []
    known = pattern(values, separator)
    for value in values:
        if isinstance(value, (Known, Default)):
            part: str | Origin = str(value.value)
        elif isinstance(value, Unknown) and value.origin is not None:
            part = value.origin
        elif isinstance(value, Unknown):
            return Unknown(value.reason, value.what, pattern=known)
        else:
            return Unknown(Reason.COMPUTED, pattern=known)
        parts += [separator, part] if parts else [part]
    return Unknown(Reason.COMPUTED, origin=united(tuple(parts)), pattern=known)


def texts_of(value: Value) -> tuple[str, ...]:
    """The strings that a value may be."""
    leaves = value.values if isinstance(value, Choice) else (value,)
    return tuple(
        leaf.value
        for leaf in leaves
        if isinstance(leaf, (Known, Default)) and isinstance(leaf.value, str)
    )


def origins_of(value: Value) -> tuple[Origin, ...]:
    """Who decides the parts of a value that are not known."""
    leaves = value.values if isinstance(value, Choice) else (value,)
    return tuple(
        leaf.origin for leaf in leaves if isinstance(leaf, Unknown) and leaf.origin is not None
    )
