"""Methods that one file can reduce, whatever object they are called on, by name."""

from __future__ import annotations

from collections.abc import Callable

from loralint.facts import (
    ABSENT,
    Data,
    Environment,
    Known,
    Mapping,
    Reason,
    Sequence,
    Symbol,
    Term,
    Unknown,
)
from loralint.read.python import terms
from loralint.read.python.reducers import Arguments, argument

MethodReducer = Callable[[Term, Arguments], "Term | None"]


def _receiver(base: Term, arguments: Arguments) -> Term | None:
    return base


def _get(base: Term, arguments: Arguments) -> Term | None:
    key, default = argument(arguments, 0, "key"), argument(arguments, 1, "default")
    if not 1 <= len(arguments) <= 2:
        return None
    if isinstance(key, Known) or isinstance(base, (Mapping, Symbol, Data)):
        return terms.item(base, key, Known(None) if default == ABSENT else default)
    return None


def _items(base: Term, arguments: Arguments) -> Term | None:
    """The pairs of a dict display, for a loop over them."""
    if not isinstance(base, Mapping) or any(key is None for key, _ in base.entries):
        return None
    return Sequence(tuple(Sequence((Known(key), value)) for key, value in base.entries))


def _keys(base: Term, arguments: Arguments) -> Term | None:
    pairs = _items(base, arguments)
    return _column(pairs, 0) if pairs is not None else None


def _values(base: Term, arguments: Arguments) -> Term | None:
    pairs = _items(base, arguments)
    return _column(pairs, 1) if pairs is not None else None


def _column(pairs: Term, position: int) -> Term:
    rows = pairs.items if isinstance(pairs, Sequence) else ()
    return Sequence(tuple(terms.item(row, Known(position)) for row in rows))


def _joinpath(base: Term, arguments: Arguments) -> Term | None:
    return terms.join((base, *(given.value for given in arguments)), "/")


def _with_name(base: Term, arguments: Arguments) -> Term | None:
    """`path.with_name("x")`: a file beside it."""
    return terms.join((terms.above(base, 1), argument(arguments, 0, "name")), "/")


def _glob(base: Term, arguments: Arguments) -> Term | None:
    """`folder.glob("run-*")`: one of the paths stands for all."""
    given = argument(arguments, 0, "pattern")
    fits = terms.globbed(given) if given != ABSENT else None
    return Sequence((terms.join((base, fits), "/"),)) if fits is not None else None


def _iterdir(base: Term, arguments: Arguments) -> Term | None:
    return Sequence((terms.found_in(base),)) if not arguments else None


def _format(base: Term, arguments: Arguments) -> Term | None:
    """`"a/{}-{size}".format(x, size=y)` for plain fields."""
    if not isinstance(base, Known) or not isinstance(base.value, str):
        return None
    return formatted(base.value, arguments)


def formatted(template: str, arguments: Arguments) -> Term | None:
    """The parts of a format template with its arguments."""
    import string

    parts: list[Term] = []
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError:
        return None
    for position, (text, name, spec, conversion) in enumerate(fields):
        parts.append(Known(text))
        if name is None:
            continue
        if spec or conversion:
            return Unknown(Reason.EXPRESSION, "a formatted value")
        index = int(name) if name.isdigit() else position if not name else 99
        parts.append(argument(arguments, index, name))
    return terms.join(part for part in parts if part != Known(""))


def _read_text(base: Term, arguments: Arguments) -> Term | None:
    return terms.data(base)


def _string_only(base: Term, arguments: Arguments) -> Term | None:
    return base if not arguments else None


def _lower(base: Term, arguments: Arguments) -> Term | None:
    """`.lower()` of a string, or of an environment variable's default."""
    if isinstance(base, Known) and isinstance(base.value, str):
        return Known(base.value.lower())
    default = base.default if isinstance(base, Environment) else None
    if isinstance(base, Environment) and isinstance(default, Known):
        return Environment(base.name, Known(str(default.value).lower()))
    return None


def _changed_in_place(base: Term, arguments: Arguments) -> Term | None:
    """What `list.append(…)` and its kin return, of what certainly is a list."""
    return Known(None) if isinstance(base, Sequence) else None


METHODS: dict[str, MethodReducer] = {
    "append": _changed_in_place,
    "extend": _changed_in_place,
    "insert": _changed_in_place,
    "get": _get,
    "items": _items,
    "keys": _keys,
    "values": _values,
    "strip": _string_only,
    "lower": _lower,
    "resolve": _string_only,
    "absolute": _string_only,
    "expanduser": _string_only,
    "as_posix": _string_only,
    "copy": _string_only,
    "to_dict": _string_only,
    "dict": _string_only,
    "model_dump": _string_only,
    "joinpath": _joinpath,
    "glob": _glob,
    "iterdir": _iterdir,
    "with_name": _with_name,
    "__str__": _string_only,
    "__fspath__": _string_only,
    "format": _format,
    "open": _read_text,
    "read_text": _read_text,
    "read_bytes": _read_text,
    "read": _read_text,
    "to": _receiver,
    "cuda": _receiver,
    "cpu": _receiver,
    "eval": _receiver,
    "half": _receiver,
    "float": _receiver,
    "bfloat16": _receiver,
    "requires_grad_": _receiver,
}
