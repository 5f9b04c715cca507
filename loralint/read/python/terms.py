"""Build terms, simplified as far as one file allows.

Every constructor keeps terms small: equal choices collapse, known strings join, and a mapping
that grows under an `if` stays one mapping instead of doubling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from loralint.facts import (
    ABSENT,
    Absent,
    Attribute,
    Choice,
    Data,
    Either,
    Elements,
    Environment,
    Existing,
    Item,
    Join,
    Known,
    Mapping,
    Parameter,
    Reason,
    Result,
    Self,
    Sequence,
    Symbol,
    Term,
    Unknown,
)

MAX_CHOICES = 16
"""A name with more possible values than this is unknown: no finding would name them all."""

MAX_NODES = 4_000
"""A term of more nodes than this is unknown: `x = x + x`, forty times, would fill the memory."""

MAX_TEXT = 10_000
"""A string of more characters than this is no repo id; `x = x + x` would double it for ever."""

MAX_PARTS = 200
MAX_LEVELS = 20
"""No script lies deeper in its project, or leaves it by more folders."""

Entry = tuple[str | None, Term]


def choice(values: Iterable[Term]) -> Term:
    """One of `values`, flattened and without repeats."""
    flat: list[Term] = []
    for value in values:
        for option in value.values if isinstance(value, Choice) else (value,):
            if option not in flat:
                flat.append(option)
    if len(flat) == 1:
        return flat[0]
    return (
        Choice(tuple(flat))
        if len(flat) <= MAX_CHOICES
        else Unknown(Reason.INVOLVED, "too many possible values")
    )


def either(values: Iterable[Term]) -> Term:
    """`a or b`, where constants decide what can be decided."""
    kept: list[Term] = []
    for value in values:
        if isinstance(value, Known) and not value.value:
            last: Term = value
            continue
        kept.append(value)
        if isinstance(value, Known):
            break
    else:
        if not kept:
            return last
        if isinstance(value, Known):
            kept.append(value)
    return kept[0] if len(kept) == 1 else Either(tuple(kept))


def truthy(term: Term) -> Term:
    """`term` where a condition has found it to be neither None nor empty."""
    return term if isinstance(term, Either) and len(term.values) == 1 else Either((term,))


_FOUND = (
    Attribute,
    Choice,
    Either,
    Elements,
    Environment,
    Item,
    Join,
    Known,
    Parameter,
    Result,
    Symbol,
)
"""Terms that may be a path."""


def existing(term: Term) -> Term:
    """`term` where a condition has found a file or folder of that name."""
    return Existing(term) if isinstance(term, _FOUND) else term


def attribute(base: Term, name: str) -> Term:
    """`base.name`; a name of a module stays a symbol."""
    if isinstance(base, Symbol):
        return Symbol(base.module, f"{base.name}.{name}" if base.name else name)
    if isinstance(base, Mapping):
        found = entry_of(base, name)
        return found if found is not None else Attribute(base, name)
    return Attribute(base, name)


def item(base: Term, key: Term, default: Term = ABSENT) -> Term:
    """`base[key]`, looked up at once in a display with constant keys."""
    if isinstance(base, Choice) and all(isinstance(v, (Sequence, Mapping)) for v in base.values):
        return choice(item(value, key, default) for value in base.values)
    if isinstance(base, Mapping) and isinstance(key, Known) and isinstance(key.value, str):
        found = entry_of(base, key.value)
        if found is not None:
            return found
    position = key.value if isinstance(key, Known) else None
    if isinstance(base, Attribute) and base.name == "parents" and type(position) is int:
        return above(base.base, position + 1)
    if isinstance(base, Sequence) and type(position) is int:
        inside = -len(base.items) <= position < len(base.items)
        return (
            base.items[position] if inside else Unknown(Reason.EXPRESSION, "an index out of range")
        )
    if isinstance(base, Unknown) and isinstance(default, Absent):
        return Unknown(base.reason, base.what)
    return Item(base, key, default)


def entry_of(base: Mapping, key: str) -> Term | None:
    """The entry that certainly wins for `key`, None where a spread may hide it."""
    for name, value in reversed(base.entries):
        if name is None:
            return None
        if name == key:
            return None if _may_be_absent(value) else value
    return None


def _may_be_absent(term: Term) -> bool:
    options = term.values if isinstance(term, Choice) else (term,)
    return any(isinstance(option, Absent) for option in options)


def mapping(entries: Iterable[Entry]) -> Mapping:
    """A dict display; spreads of known mappings are unfolded."""
    flat: list[Entry] = []
    for key, value in entries:
        if key is None and isinstance(value, Mapping):
            flat.extend(value.entries)
        else:
            flat.append((key, value))
    return Mapping(tuple(flat))


def updated(base: Term, entries: Iterable[Entry]) -> Term:
    """`base` with some keys or attributes set anew."""
    return mapping(((None, base), *entries))


def join(parts: Iterable[Term], separator: str = "") -> Term:
    """A string of parts; what is known is put together, numbers as Python prints them."""
    flat: list[Term] = []
    for part in parts:
        if separator == "" and isinstance(part, Join) and part.separator == "":
            flat.extend(part.parts)
        else:
            flat.append(part)
    if all(isinstance(part, Known) for part in flat):
        texts = [str(part.value) for part in flat if isinstance(part, Known)]
        if sum(map(len, texts)) > MAX_TEXT:
            return Unknown(Reason.INVOLVED, "too large to follow")
        return Known(_joined(texts, separator))
    if len(flat) > MAX_PARTS:
        return Unknown(Reason.INVOLVED, "too large to follow")
    return flat[0] if len(flat) == 1 else Join(tuple(flat), separator)


def above(path: Term, levels: int) -> Term:
    """The folder so many levels above a path."""
    if not 0 < levels <= MAX_LEVELS:
        return Unknown(Reason.EXPRESSION, "a folder above that is not named")
    return join((path, *[Known("..")] * levels), "/")


def _joined(texts: list[str], separator: str) -> str:
    if separator != "/":
        return separator.join(texts)
    path = ""
    for text in texts:  # as os.path.join: an absolute part starts anew
        path = text if text.startswith("/") or not path else f"{path.rstrip('/')}/{text}"
    return path


def elements(base: Term) -> Term:
    """Any one element of a collection; what a table's columns say of one row stays together."""
    items = base.items if isinstance(base, Sequence) else ()
    if items and (len(items) == 1 or not all(map(_is_data, items))):
        return choice(items)
    return Unknown(base.reason, base.what) if isinstance(base, Unknown) else Elements(base)


def _is_data(term: Term) -> bool:
    """Whether an element is a text or a row of a table, and nothing that may be called."""
    if isinstance(term, Known):
        return isinstance(term.value, str)
    return isinstance(term, (Sequence, Mapping)) and term not in (Sequence(()), Mapping(()))


_STAR = re.compile(r"[*?]+")
_ANY_FILE = Unknown(Reason.EXPRESSION, "a file that is found")


def globbed(pattern: Term) -> Term | None:
    """Any one path of those that fit `out/run-*`; None where folders of any depth are looked in."""
    parts = pattern.parts if isinstance(pattern, Join) else (pattern,)
    known = [part.value for part in parts if isinstance(part, Known)]
    if any(not isinstance(text, str) or "**" in text or "[" in text for text in known):
        return None
    separator = pattern.separator if isinstance(pattern, Join) else ""
    return join((_with_holes(part) for part in parts), separator)


def _with_holes(part: Term) -> Term:
    pieces = _STAR.split(str(part.value)) if isinstance(part, Known) else []
    found = [each for piece in pieces for each in (_ANY_FILE, Known(piece))][1:]
    return join(each for each in found if each != Known("")) if len(pieces) > 1 else part


def found_in(folder: Term) -> Term:
    """Any one path of those in a folder."""
    return join((folder, _ANY_FILE), "/")


def environment(name: Term, default: Term = ABSENT) -> Term:
    """An environment variable with a constant name."""
    if isinstance(name, Known) and isinstance(name.value, str):
        return Environment(name.value, default)
    return Unknown(Reason.EXPRESSION, "an environment variable whose name is computed")


def data(path: Term) -> Term:
    """The content of the configuration file at `path`; opening it twice changes nothing."""
    if isinstance(path, (Data, Unknown)):
        return path
    return Data(path)


def keyed(key: Term, value: Term) -> Entry:
    """An entry of a dict display; one whose key is computed may hide any other."""
    if isinstance(key, Known) and isinstance(key.value, str):
        return (key.value, value)
    if isinstance(key, Known) and type(key.value) is int:
        return (str(key.value), value)
    return (None, Unknown(Reason.EXPRESSION, "a key that is not constant"))


def added(left: Term, right: Term) -> Term:
    """`left + right` of strings or sequences."""
    if isinstance(left, Sequence) and isinstance(right, Sequence):
        return Sequence(left.items + right.items)
    if any(isinstance(side, Known) and not isinstance(side.value, str) for side in (left, right)):
        return Unknown(Reason.EXPRESSION, "arithmetic")
    return join((left, right))


def text(value: str) -> Term:
    """A string, unless it holds half of a surrogate pair: no file name or repo id does."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return Unknown(Reason.EXPRESSION, "a string that is not valid Unicode")
    return Known(value)


_SMALL = (Absent, Known, Parameter, Result, Self, Symbol, Unknown)


def bounded(term: Term) -> Term:
    """`term`, or Unknown where it is too large to be worth keeping."""
    if isinstance(term, _SMALL):
        return term
    left = MAX_NODES
    todo: list[object] = [term]
    while todo:
        left -= 1
        if left < 0:
            return Unknown(Reason.INVOLVED, "too large to follow")
        node = todo.pop()
        if isinstance(node, tuple):
            todo.extend(node)
        elif isinstance(node, msgspec.Struct):
            todo.extend(
                value
                for name in node.__struct_fields__
                if isinstance(value := getattr(node, name), (tuple, msgspec.Struct))
            )
    return term


def percent(left: Known, right: Term) -> Term:
    """`"%s/%s" % (a, b)`, where only plain `%s` fields stand."""
    if not isinstance(left.value, str) or left.value.count("%") != left.value.count("%s"):
        return Unknown(Reason.EXPRESSION, "arithmetic")
    values = right.items if isinstance(right, Sequence) else (right,)
    texts = left.value.split("%s")
    if len(texts) != len(values) + 1:
        return Unknown(Reason.EXPRESSION, "a format whose arguments do not fit")
    parts: list[Term] = [Known(texts[0])]
    for value, text in zip(values, texts[1:], strict=True):
        parts.extend((value, Known(text)))
    return join(part for part in parts if part != Known(""))
