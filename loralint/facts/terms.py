"""What an expression stands for: values, and terms that only the linker can close."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from loralint.facts.origins import Origin
from loralint.facts.reasons import Reason

Scalar: TypeAlias = str | int | float | bool | None


class Fact(msgspec.Struct, frozen=True, tag=True, array_like=True, gc=False):
    """Base of everything below: immutable, compact when serialised."""


# --- values: what a term can be reduced to ------------------------------------------------------


class Absent(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """Nothing was given."""


class Known(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """Certainly this value."""

    value: Scalar


class Default(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """This value unless somebody says otherwise: an option's, field's or parameter's default.

    `origin` is who may say otherwise.
    """

    value: Scalar
    origin: Origin | None = None


class Symbol(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A name of a module: `Symbol("transformers", "AutoModel.from_pretrained")`.

    `module` is as written after `from` or `import` (leading dots for relative imports), or ""
    for the file itself; `name` is dotted and may be empty for the module.
    """

    module: str
    name: str


class Stop(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """Where something stands: a row of a file or cell, or the call with a number in its file.

    A front end leaves the file out, which whoever has its facts knows.
    """

    row: int = 0
    cell: int | None = None
    file: str = ""
    call: int | None = None


class Unknown(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """Cannot be known, and why.

    `what` names the thing for a reader (`load_config()`, "a slice"). Two unknowns of one origin
    are the same value. `pattern` is what is known of a string that is put together: `out/run-{}`
    (`loralint.values.paths`). `stop` is the expression that nobody could follow: it is for the
    reader, and two unknowns that differ in nothing else are alike.
    """

    reason: Reason
    what: str = ""
    origin: Origin | None = None
    pattern: str = ""
    stop: Stop | None = None

    @property
    def alike(self) -> tuple[object, ...]:
        """What unknowns are told apart by."""
        return self.reason, self.what, self.origin, self.pattern

    @property
    def words(self) -> str:
        """Why it is not known, as it is told."""
        return self.reason.words(self.what)


class Choice(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """One of several: a conditional expression, or names that branches bind differently.

    With an `origin` it is known who decides which, where not all of them are.
    """

    values: tuple[Term, ...]
    origin: Origin | None = None


# --- open terms: only the linker can close them -------------------------------------------------


class Parameter(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A parameter of a function of this file; `function` is its qualified name."""

    function: str
    name: str


class Self(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """The instance (`self`) in a method of the class with this qualified name of this file."""

    class_: str


class Result(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """What the call with this index in `FileFacts.calls` returns."""

    call: int


class Attribute(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """`base.name`."""

    base: Term
    name: str


class Item(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """`base[key]`, `base.get(key, default)`; `default` is Absent where none is given."""

    base: Term
    key: Term
    default: Term = Absent()


class Join(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A string put together from parts; `separator` is "/" for paths and "" otherwise."""

    parts: tuple[Term, ...]
    separator: str = ""


class Mapping(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A dict, or an object with some keys or attributes set anew: later entries win.

    An entry whose key is None spreads another mapping (`**base`).
    """

    entries: tuple[tuple[str | None, Term], ...]


class Sequence(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A list, tuple or set display."""

    items: tuple[Term, ...]


class Elements(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """Any one element of a collection: the target of a `for` loop."""

    base: Term


class Either(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """`a or b or c`: the first that is true; of one value, what it is where it is true."""

    values: tuple[Term, ...]


class Existing(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """What a condition found on this machine: `path` where `os.path.exists(path)` holds."""

    path: Term


class Environment(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """An environment variable; `default` is Absent where none is given."""

    name: str
    default: Term = Absent()


class Data(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """What a configuration file holds: `yaml.safe_load(open(path))` and its kin.

    `path` reduces to the file's path as the script writes it; `folder` is True for Hydra's
    config folder, where `path` names the primary file without its suffix.
    """

    path: Term
    hydra: bool = False


class Argument(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """An argument of a call: positional (`name` None), keyword, or spread (`stars` 1 or 2).

    With `EACH` for `stars` it is given again for every element of the loop around.
    """

    value: Term
    name: str | None = None
    stars: int = 0


class Partial(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """`functools.partial(callee, *arguments)`."""

    callee: Term
    arguments: tuple[Argument, ...]


Term: TypeAlias = (
    Absent | Known | Default | Symbol | Unknown | Choice | Parameter | Self | Result | Attribute
    | Item | Join | Mapping | Sequence | Elements | Either | Existing | Environment | Data | Partial
)  # fmt: skip

Value: TypeAlias = Absent | Known | Default | Choice | Unknown
"""What rules see. A `Choice` of a value holds values only."""

ABSENT = Absent()
EACH = 3


def leaves(value: Value) -> tuple[Value, ...]:
    """What a value may be: the options of a choice, flattened, or the value itself."""
    if not isinstance(value, Choice):
        return (value,)
    return tuple(leaf for each in value.values for leaf in leaves(each))  # type: ignore[arg-type]


def deciders(value: Value) -> tuple[Origin, ...]:
    """Who decides a value, then who decides its options, as far as that is known."""
    every = (value, *leaves(value))
    found = (each.origin for each in every if isinstance(each, (Choice, Default, Unknown)))
    return tuple(origin for origin in found if origin is not None)


def parts_of(term: Term) -> tuple[Term, ...]:
    """The terms inside a term."""
    parts = _PARTS.get(type(term))
    return parts(term) if parts is not None else ()


_PARTS: dict[type, Callable[[Any], tuple[Term, ...]]] = {
    Choice: lambda term: term.values,
    Either: lambda term: term.values,
    Attribute: lambda term: (term.base,),
    Elements: lambda term: (term.base,),
    Existing: lambda term: (term.path,),
    Item: lambda term: (term.base, term.key, term.default),
    Join: lambda term: term.parts,
    Sequence: lambda term: term.items,
    Mapping: lambda term: tuple(value for _, value in term.entries),
    Environment: lambda term: (term.default,),
    Data: lambda term: (term.path,),
    Partial: lambda term: (term.callee, *(each.value for each in term.arguments)),
}
