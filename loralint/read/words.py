"""A command as words with values and places, and how such values are joined, chosen and cut apart.

Shell, Makefiles, Dockerfiles, workflows and notebooks become commands; `command_line.py` says what
a command runs, wherever its words stood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
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
    leaves,
)
from loralint.facts.origins import joined as joined_origin
from loralint.source import Span

MAX_OPTIONS = 24

LONGEST = 10_000
"""No word of a command is longer; what grows so is a trap."""


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
        return text_of(self.value) or ""


Environment = dict[str, "Value | tuple[Word, ...]"]
"""Variables: each one value, or an array's words."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it is run; `environment` are the variables set for it.

    `folder` is the working directory: relative to where the file is run, or from the project's
    root with a leading slash. `image` is the container whose entrypoint gets the words. `margins`
    stand around one more word, None where none can be added; words left of `first_column` are not
    in the file at their place.
    """

    words: tuple[Word, ...]
    span: Span
    text: str
    folder: str = ""
    environment: dict[str, Value] = field(default_factory=dict)
    image: str = ""
    margins: tuple[str, str] | None = None
    first_column: int = 1

    def behind(self, span: Span) -> Span | None:
        """The place behind a word; None where it is not one of the command's own text."""
        whole = self.span
        inside = whole.start <= span.start and span.end <= whole.end and span != whole
        if not inside or self.margins is None or span.start.column < self.first_column:
            return None
        return Span(span.end, span.end)


# --- values -------------------------------------------------------------------------------------


_TOO_MANY = Unknown(Reason.INVOLVED, "too many possible values")


def unfollowed(what: str) -> Unknown:
    """What nobody can say without running it."""
    return Unknown(Reason.EXPRESSION, what)


def text_of(value: Value) -> str | None:
    """The text of a value that is certain or a default."""
    text = value.value if isinstance(value, (Known, Default)) else None
    return text if isinstance(text, str) else None


def choice(values: Iterable[Value]) -> Value:
    """One of several values; what an argument of the script may replace is a default."""
    flat = tuple(dict.fromkeys(leaf for value in values for leaf in leaves(value)))
    if len(flat) == 1:
        return flat[0]
    known = [leaf for leaf in flat if isinstance(leaf, (Known, Default))]
    given = [leaf for leaf in flat if _comes_from(leaf, OriginKind.ARGUMENT)]
    if len({leaf.value for leaf in known}) == 1 and len(known) + len(given) == len(flat):
        origins = [leaf.origin for leaf in (*given, *known) if isinstance(leaf, (Default, Unknown))]
        return Default(known[0].value, origins[0] if origins else None)
    return Choice(flat) if 0 < len(flat) <= MAX_OPTIONS else _TOO_MANY


def joined(parts: list[Value]) -> Value:
    """The string that parts make."""
    if len(parts) == 1:
        return parts[0]
    options = [leaves(part) for part in parts]
    total = 1
    for each in options:
        total *= len(each)
    if total > MAX_OPTIONS:
        return _TOO_MANY
    return choice([_joined(each) for each in product(*options)])


def _joined(parts: tuple[Value, ...]) -> Value:
    pieces: list[str | Origin] = []
    for part in parts:
        if isinstance(part, (Known, Default)):
            pieces.append(str(part.value))
        elif isinstance(part, Unknown) and part.origin is not None:
            pieces.append(part.origin)
        else:
            return part if isinstance(part, Unknown) else Unknown(Reason.COMPUTED)
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    if len(text) > LONGEST:
        return Unknown(Reason.INVOLVED, "too long a text")
    if any(isinstance(part, Unknown) for part in parts):
        return Unknown(Reason.COMPUTED, origin=joined_origin(tuple(pieces)))
    softest = next((part for part in parts if isinstance(part, Default)), None)
    return Known(text) if softest is None else Default(text, softest.origin)


def mapped(value: Value, change: Callable[[str], str]) -> Value:
    """A value with each of its texts changed."""
    return choice([_mapped(leaf, change) for leaf in leaves(value)])


def _mapped(leaf: Value, change: Callable[[str], str]) -> Value:
    if isinstance(leaf, (Known, Default)) and isinstance(leaf.value, str):
        text = change(leaf.value)
        return Known(text) if isinstance(leaf, Known) else Default(text, leaf.origin)
    return leaf


def rooted(value: Value) -> Value:
    """A path from the project's root, which two slashes mark, as the project writes it."""
    return mapped(value, lambda text: text[2:].lstrip("/") if text.startswith("//") else text)


def flag_value(value: Value) -> Value:
    """`true` and `False` as what they mean."""
    found: list[Value] = []
    for leaf in leaves(value):
        meaning = _FLAGS.get((text_of(leaf) or "").lower())
        if meaning is None:
            found.append(leaf)
        else:
            found.append(Default(meaning, leaf.origin) if isinstance(leaf, Default)
                         else Known(meaning))  # fmt: skip
    return choice(found) if found else ABSENT


_FLAGS = {"true": True, "false": False}


# --- what is decided outside the file -----------------------------------------------------------


def unset(path: str, name: str) -> Unknown:
    """What nothing in a file sets: an argument of the script, or the environment's."""
    if name.isdigit() or name in ("@", "*"):
        origin = Origin(OriginKind.ARGUMENT, path, (f"${name}",))
        return Unknown(Reason.OUTSIDE, "an argument of the script", origin)
    return unset_variable(name)


def unset_variable(name: str) -> Unknown:
    """A variable that nothing in a file sets: the environment may."""
    return Unknown(Reason.OUTSIDE, "a variable that is not set here", environment(name))


def environment(name: str) -> Origin:
    """The origin of what a variable of the environment decides."""
    return Origin(OriginKind.ENVIRONMENT, name=(name,))


def _comes_from(leaf: Value, *kinds: OriginKind) -> bool:
    """Whether a value is one that whoever runs the script decides so."""
    origin = leaf.origin if isinstance(leaf, Unknown) else None
    return origin is not None and origin.comes_from(*kinds)


def with_default(value: Value | None, default: Value, origin: Origin | None) -> Value:
    """`${NAME:-default}`: the default where the variable is empty or not set.

    What whoever runs the script decides is no value yet: the default is what runs.
    """
    if value is None or isinstance(value, Absent):
        soft = (Default(leaf.value, origin) if isinstance(leaf, Known) else leaf
                for leaf in leaves(default))  # fmt: skip
        return choice(soft)
    found: list[Value] = []
    for leaf in leaves(value):
        is_outside = _comes_from(leaf, OriginKind.ARGUMENT, OriginKind.ENVIRONMENT)
        keeps = not is_outside and text_of(leaf) != ""
        found.append(leaf if keeps else with_default(None, default, origin))
    return choice(found)
