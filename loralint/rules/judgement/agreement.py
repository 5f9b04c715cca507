"""Whether two loads of one repository ask for one revision."""

from __future__ import annotations

from typing import Literal

from loralint.facts import Default, Known, Unknown, Value
from loralint.refs import DEFAULT_BRANCHES, kind_of
from loralint.rules.judgement.pinning import are, is_format_branch, is_pinned, is_unpinned
from loralint.rules.judgement.values import from_outside, is_none_by_default, leaves, origin

Verdict = Literal["same", "different", "one-sided", "undecided"]
"""`one-sided`: one side takes its revision from outside, and the other cannot."""

_DEFAULT_BRANCH = ""
_FEW = 7


def compare(one: Value, other: Value) -> Verdict:
    """Compare two revisions, for all options of both."""
    if origin(one) and origin(one) == origin(other):
        return "same"
    first, second = _settled(one), _settled(other)
    if first is not None and second is not None and _are_apart(first, second):
        return "different"
    if _is_one_sided(one, other) or _is_one_sided(other, one):
        return "one-sided"
    return "undecided" if first is None or second is None else "same"


def _settled(value: Value) -> frozenset[str] | None:
    """The revisions that a value may be, the default branch as ""; None where one is unknown."""
    found = set()
    for leaf in leaves(value):
        if isinstance(leaf, Unknown):
            return None
        text = leaf.value if isinstance(leaf, (Known, Default)) else None
        found.add(_DEFAULT_BRANCH if text is None or text in DEFAULT_BRANCHES else str(text))
    return frozenset(found)


def _are_apart(first: frozenset[str], second: frozenset[str]) -> bool:
    return not any(_may_be_one(one, other) for one in first for other in second)


def _may_be_one(one: str, other: str) -> bool:
    """Whether two names may stand for the same weights: equal, begun alike, a format's branch."""
    if one == other or is_format_branch(one) or is_format_branch(other):
        return True
    short, long = sorted((one, other), key=len)
    return kind_of(short) == "abbreviated" and len(short) >= _FEW and long.startswith(short)


def _is_one_sided(one: Value, other: Value) -> bool:
    """Whether `one` follows an option, and `other` is the same whoever runs it."""
    is_free = from_outside(one) and are(one, frozenset({"forwarded", "default-branch"}))
    forwards_nothing = all(is_none_by_default(leaf) for leaf in leaves(one))
    return is_free and (is_unpinned(other) or (forwards_nothing and _is_fixed_pin(other)))


def _is_fixed_pin(value: Value) -> bool:
    """Whether a value pins, whoever runs the code."""
    return is_pinned(value) and not from_outside(value)
