"""What words of a shell stand for: values, put together, chosen between and cut apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

from loralint.facts import (
    ABSENT,
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
from loralint.source import Span

MAX_OPTIONS = 24

LONGEST = 10_000
"""No word of a command is longer; what grows so is a trap."""

MAX_WORDS = 1_000


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command.

    `lead` is the literal text that it certainly begins with. An `optional` word is there on a
    condition only; an `open` one may turn out to be any number of words.
    """

    value: Value
    span: Span
    lead: str = ""
    optional: bool = False
    open: bool = False

    @property
    def text(self) -> str:
        """The word, where it is certain or a default; else ""."""
        value = self.value
        text = value.value if isinstance(value, (Known, Default)) else ""
        return text if isinstance(text, str) else ""


def leaves(value: Value) -> tuple[Value, ...]:
    """The options of a value."""
    if not isinstance(value, Choice):
        return (value,)
    return tuple(leaf for each in value.values for leaf in leaves(each))  # type: ignore[arg-type]


def choice(values: Iterable[Value]) -> Value:
    """One of several values; what an argument of the script may replace is a default."""
    flat = tuple(dict.fromkeys(leaf for value in values for leaf in leaves(value)))
    if len(flat) == 1:
        return flat[0]
    known = [leaf for leaf in flat if isinstance(leaf, (Known, Default))]
    given = [leaf for leaf in flat if _is_outside(leaf, OriginKind.ARGUMENT)]
    if len({leaf.value for leaf in known}) == 1 and len(known) + len(given) == len(flat):
        return Default(
            known[0].value,
            given[0].origin if given and isinstance(given[0], Unknown) else _origin(known),
        )
    return (
        Choice(flat)
        if 0 < len(flat) <= MAX_OPTIONS
        else Unknown(Reason.INVOLVED, "too many possible values")
    )


def _origin(known: list[Known | Default]) -> Origin | None:
    return next((leaf.origin for leaf in known if isinstance(leaf, Default)), None)


def joined(parts: list[Value]) -> Value:
    """The string that parts make."""
    if len(parts) == 1:
        return parts[0]
    options = [leaves(part) for part in parts]
    total = 1
    for each in options:
        total *= len(each)
    if total > MAX_OPTIONS:
        return Unknown(Reason.INVOLVED, "too many possible values")
    return choice([_joined(each) for each in product(*options)])


def _joined(parts: tuple[Value, ...]) -> Value:
    origins = [part.origin for part in parts if isinstance(part, Default)]
    texts: list[str | Origin] = []
    for part in parts:
        if isinstance(part, (Known, Default)):
            texts.append(str(part.value))
        elif isinstance(part, Unknown) and part.origin:
            texts.append(part.origin)
        else:
            return part if isinstance(part, Unknown) else Unknown(Reason.COMPUTED)
    text = "".join(part for part in texts if isinstance(part, str))
    if len(text) > LONGEST:
        return Unknown(Reason.INVOLVED, "too long a text")
    if any(isinstance(part, Unknown) for part in parts):
        return Unknown(Reason.COMPUTED, origin=united(tuple(texts)))
    return Default(text, origins[0]) if origins else Known(text)


def mapped(value: Value, change: Callable[[str], str]) -> Value:
    """A value with each of its texts changed."""
    return choice([_mapped(leaf, change) for leaf in leaves(value)])


def _mapped(leaf: Value, change: Callable[[str], str]) -> Value:
    if isinstance(leaf, (Known, Default)) and isinstance(leaf.value, str):
        text = change(leaf.value)
        return Known(text) if isinstance(leaf, Known) else Default(text, leaf.origin)
    return leaf


def with_default(value: Value | None, default: Value, origin: Origin | None) -> Value:
    """`${NAME:-default}`: the default where the variable is empty or not set."""
    if value is None or isinstance(value, Absent):
        return choice([_soft(leaf, origin) for leaf in leaves(default)])
    found: list[Value] = []
    for leaf in leaves(value):
        empty = isinstance(leaf, (Known, Default)) and leaf.value == ""
        softer = _is_outside(leaf, OriginKind.ARGUMENT, OriginKind.ENVIRONMENT)
        found.append(with_default(None, default, origin) if empty or softer else leaf)
    return choice(found)


def _is_outside(leaf: Value, *kinds: OriginKind) -> bool:
    """Whether whoever runs the script decides a value, so that the default is what runs."""
    origin = leaf.origin if isinstance(leaf, Unknown) else None
    return origin is not None and origin.comes_from(*kinds)


def _soft(leaf: Value, origin: Origin | None) -> Value:
    return Default(leaf.value, origin) if isinstance(leaf, Known) else leaf


def scalar(value: Value) -> Value:
    """`true` and `False` as what they mean."""
    found: list[Value] = []
    for leaf in leaves(value):
        known = isinstance(leaf, (Known, Default)) and isinstance(leaf.value, str)
        flag = _FLAGS.get(str(leaf.value).lower()) if known else None  # type: ignore[union-attr]
        if flag is None:
            found.append(leaf)
        else:
            found.append(Known(flag) if isinstance(leaf, Known) else Default(flag, _origin([leaf])))  # type: ignore[list-item]
    return choice(found) if found else ABSENT


_FLAGS = {"true": True, "false": False}
