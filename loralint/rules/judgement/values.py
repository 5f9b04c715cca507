"""Reading a `Value`: what it may stand for, and whether two of them certainly differ.

Every answer is for all options of a `Choice` at once; None says "cannot be known".
"""

from __future__ import annotations

from loralint.facts import (
    Absent,
    Choice,
    Default,
    Known,
    Origin,
    OriginKind,
    Reason,
    Scalar,
    Unknown,
    Value,
    leaves,
)


def scalars(value: Value) -> tuple[Scalar, ...] | None:
    """What a value may be, each once and in order; None where an option is absent or unknown."""
    found: dict[Scalar, None] = {}
    for leaf in leaves(value):
        if not isinstance(leaf, (Known, Default)):
            return None
        found[leaf.value] = None
    return tuple(found)


def texts(value: Value) -> tuple[str, ...]:
    """What a value may be, if that is certainly text; else nothing."""
    found = scalars(value) or ()
    return tuple(item for item in found if isinstance(item, str)) if _all_text(found) else ()


def _all_text(found: tuple[Scalar, ...]) -> bool:
    return all(isinstance(item, str) for item in found)


def only(value: Value) -> Scalar:
    """The one thing that a value may be; None where there are several, or none."""
    found = scalars(value) or ()
    return found[0] if len(found) == 1 else None


def is_true(value: Value) -> bool:
    """Whether a flag is certainly set (by default, perhaps)."""
    return scalars(value) == (True,)


def counts_as_true(value: Value) -> bool:
    """Whether a flag is certainly set, by whatever Python counts as true: `"true"`, 1."""
    found = scalars(value)
    return bool(found) and all(found or ())


def is_off(value: Value) -> bool:
    """Whether a flag is certainly not set: False, None, or not given at all."""
    return all(
        isinstance(leaf, Absent) or (isinstance(leaf, (Known, Default)) and not leaf.value)
        for leaf in leaves(value)
    )


def by_default(*values: Value) -> bool:
    """Whether somebody who runs the code may say otherwise."""
    return any(isinstance(leaf, Default) for value in values for leaf in leaves(value))


def origin(value: Value) -> Origin | None:
    """Who decides a value from outside."""
    return value.origin if isinstance(value, (Choice, Default, Unknown)) else None


def from_outside(value: Value) -> bool:
    """Whether something that is known by name decides: an option, a parameter, a library."""
    return any(isinstance(leaf, Default) or origin(leaf) is not None for leaf in leaves(value))


def is_option(value: Value) -> bool:
    """Whether whoever runs the code can set what decides a value: not what a library returns."""
    decides = origin(value)
    return decides is not None and decides.kind not in (OriginKind.RESULT, OriginKind.IMPORT)


def is_none_by_default(leaf: Value) -> bool:
    """Whether nothing is given unless somebody says otherwise.

    The linker makes an unknown of such a default, because it only forwards what its user says.
    """
    if isinstance(leaf, Unknown):
        return leaf.reason is Reason.FORWARDED
    return isinstance(leaf, Default) and leaf.value is None


def is_given(value: Value) -> bool:
    """Whether something is certainly written, whatever it is."""
    return not any(isinstance(leaf, Absent) for leaf in leaves(value))


def same(one: Value, other: Value) -> bool:
    """Whether two values are certainly the same: by what they are, or by who decides."""
    first, second = only(one), only(other)
    if first is not None and second is not None:
        return first == second
    return origin(one) is not None and origin(one) == origin(other)


def differ(one: Value, other: Value) -> bool:
    """Whether two values certainly differ: no option of one is an option of the other."""
    first, second = scalars(one), scalars(other)
    if first is None or second is None or _decided_together(one, other):
        return False
    return not set(first) & set(second)


def _decided_together(one: Value, other: Value) -> bool:
    return origin(one) is not None and origin(one) == origin(other)
