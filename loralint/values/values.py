"""Nodes → values, and strings put together from parts."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from loralint.facts import (
    Absent,
    Choice,
    Default,
    Known,
    Origin,
    OriginKind,
    Reason,
    Stop,
    Unknown,
    Value,
    leaves,
)
from loralint.facts.origins import joined as joined_origins
from loralint.values.nodes import (
    MAX_OPTIONS,
    AttributeOf,
    ByDefault,
    CallResult,
    External,
    FilledObject,
    ItemOf,
    Node,
    OneOf,
    is_scalar,
    merge,
    options,
    soften,
)
from loralint.values.paths import pattern

SPREAD = Unknown(Reason.IN_KEYWORDS)
"""What an unknown mapping that is spread gives for a key."""

_CONSTANT_OWNERS = frozenset({"torch", "numpy", "np", "jax", "tensorflow"})


def value_of(node: Node) -> Value:
    """What a node is to a rule. An option that nobody has to give is unknown: forwarded."""
    if not isinstance(node, OneOf):
        return _leaf(node)
    flat: dict[object, Value] = {}
    for leaf in (leaf for option in node.options for leaf in leaves(_leaf(option))):
        scalar = isinstance(leaf, (Known, Default))
        key: object = leaf.alike if isinstance(leaf, Unknown) else leaf
        key = (type(leaf.value), leaf.value) if scalar else key  # type: ignore[union-attr]
        # what is certain here and a default there is a default
        if key not in flat or isinstance(leaf, Default):
            flat[key] = leaf
    found = tuple(flat.values())
    if len(found) == 1:
        return found[0]
    # of several that nobody knows it is known who decides which
    is_open = any(isinstance(leaf, Unknown) for leaf in found)
    return Choice(found, node.origin if is_open else None)


def _leaf(node: Node) -> Value:
    environment = _is_variable(node)
    if isinstance(node, Default) and (node.value is None or (environment and node.value == "")):
        reason = Reason.ENVIRONMENT if environment else Reason.FORWARDED
        return Unknown(reason, origin=node.origin)
    if isinstance(node, (Absent, Known, Default, Unknown)):
        return node
    if isinstance(node, ByDefault) and is_scalar(node.node):
        return value_of(soften(node.node, node.origin))
    if isinstance(node, External):
        return _constant(node)
    reason, what, stop = _reason(node)
    return Unknown(reason, what, origin_of(node), stop=stop)


def _is_variable(node: Node) -> bool:
    """Whether the environment says what a value is, unless it says nothing."""
    owner = node.origin if isinstance(node, Default) else None
    return owner is not None and owner.kind is OriginKind.ENVIRONMENT


def _constant(node: External) -> Value:
    """`torch.bfloat16` and `TaskType.CAUSAL_LM` are as good as their names."""
    *owners, name = node.name.split(".")
    enumeration = len(owners) > 1 and owners[-1][:1].isupper() and name.isupper()
    category = owners == ["builtins"] and name.endswith("Warning")
    if owners and (owners[0] in _CONSTANT_OWNERS or enumeration or category):
        return Known(name)
    origin = Origin(OriginKind.IMPORT, name=(*owners, name)) if name.isupper() else None
    return Unknown(Reason.LIBRARY_NAME, origin=origin)


def _reason(node: Node) -> tuple[Reason, str, Stop | None]:
    """Why a node is no value, and the expression that nobody could follow."""
    if isinstance(node, Unknown):
        return node.reason, node.what, node.stop
    if isinstance(node, AttributeOf):
        inner = _reason(node.receiver)
        unknown = isinstance(node.receiver, Unknown)
        return inner if unknown else (Reason.ATTRIBUTE, node.name, inner[2])
    if isinstance(node, ItemOf):
        return _reason(node.whole)
    if isinstance(node, CallResult):
        called = _called(node)
        stop = Stop(file=node.path, call=node.site.number)
        return Reason.RESULT, f"{called}()" if called else "", stop
    return Reason.OBJECT, "", None


def _called(node: CallResult) -> str:
    callee = node.callee
    return callee.name.rpartition(".")[2] if isinstance(callee, (External, AttributeOf)) else ""


def origin_of(node: Node) -> Origin | None:
    """What makes two unknown things the same one."""
    if isinstance(node, (Unknown, Default, FilledObject)):
        return node.origin
    if isinstance(node, AttributeOf):
        owner = origin_of(node.receiver)
        return owner.item(node.name) if owner is not None else None
    if isinstance(node, ItemOf) and node.key is not None:
        owner = origin_of(node.whole)
        return owner.item(node.key) if owner is not None else None
    if isinstance(node, CallResult) and node.frame.depth == 0:
        return Origin(OriginKind.RESULT, node.path, (_called(node),), call=node.site.number)
    return None


def is_object(node: Node) -> bool:
    """Whether a node is certainly no string: a model, a dict, a class."""
    may_be_text = (AttributeOf, ItemOf, External, ByDefault)
    return not is_scalar(node) and not isinstance(node, may_be_text)


# --- of values ----------------------------------------------------------------------------------


def texts_of(value: Value) -> tuple[str, ...]:
    """The strings that a value may be."""
    return tuple(
        leaf.value
        for leaf in leaves(value)
        if isinstance(leaf, (Known, Default)) and isinstance(leaf.value, str)
    )


def origins_of(value: Value) -> tuple[Origin, ...]:
    """Who decides the parts of a value that are not known."""
    unknown = (leaf for leaf in leaves(value) if isinstance(leaf, Unknown))
    return tuple(leaf.origin for leaf in unknown if leaf.origin is not None)


def comes_from(value: Value, called: str) -> bool:
    """Whether a value is the result of such a call of the file's own code, or is made of it."""
    return any(each.called == called for origin in origins_of(value) for each in origin.within())


# --- strings ------------------------------------------------------------------------------------


def joined(parts: list[Node], separator: str) -> Node:
    """The string that `parts` make: every combination of what they may be, up to a limit."""
    choices = [options(part) for part in parts]
    total = 1
    for choice in choices:
        total *= len(choice)
    if total > MAX_OPTIONS:
        several = Unknown(Reason.COMPUTED)
        known = [_leaf(choice[0]) if len(choice) == 1 else several for choice in choices]
        too_many = "too many possible values"
        return Unknown(Reason.INVOLVED, too_many, pattern=pattern(known, separator))
    return merge(_joined([_leaf(part) for part in each], separator) for each in product(*choices))


def _joined(values: list[Value], separator: str) -> Node:
    if Known(None) in values:
        return Unknown(Reason.COMPUTED, "put together with None")
    known = [value for value in values if isinstance(value, (Known, Default))]
    if len(known) < len(values):
        return _partly_joined(values, separator)
    texts = [str(value.value) for value in known]
    origins = [value.origin for value in known if isinstance(value, Default)]
    text = _path(texts) if separator == "/" else separator.join(texts)
    return Default(text, origins[0]) if origins else Known(text)


def _path(texts: Iterable[str]) -> str:
    path = ""
    for text in texts:  # as os.path.join: an absolute part starts anew
        path = text if text.startswith("/") or not path else f"{path.rstrip('/')}/{text}"
    return path


def _partly_joined(values: list[Value], separator: str) -> Unknown:
    """A string with unknown parts is the same as another of the same parts."""
    parts: list[str | Origin] = []
    known = pattern(values, separator)
    for value in values:
        if isinstance(value, (Known, Default)):
            part: str | Origin = str(value.value)
        elif isinstance(value, Unknown) and value.origin is not None:
            part = value.origin
        elif isinstance(value, Unknown):
            return Unknown(value.reason, value.what, pattern=known, stop=value.stop)
        else:
            return Unknown(Reason.COMPUTED, pattern=known)
        parts += [separator, part] if parts else [part]
    stops = (value.stop for value in values if isinstance(value, Unknown))
    stop = next((each for each in stops if each is not None), None)
    origin = joined_origins(tuple(parts))
    return Unknown(Reason.COMPUTED, origin=origin, pattern=known, stop=stop)
