"""What names stand for on a branch, and after branches that meet.

On a branch its condition holds: `if not model: model = "org/name"` leaves a name that is never None
or empty, and `a if a else b` is `a or b`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from loralint.facts import (
    ABSENT,
    Attribute,
    Choice,
    Either,
    Elements,
    Environment,
    Item,
    Mapping,
    Parameter,
    Result,
    Sequence,
    Symbol,
    Term,
)
from loralint.read.python.frames import STARS, Names
from loralint.read.python.terms import Entry, choice, either, entry_of, existing, truthy

# --- where branches meet ------------------------------------------------------------------------


def joined(branches: list[Names]) -> Names:
    """The names after branches that all reach this point.

    A name that only some branches bind keeps their value: reading it after another branch would
    be a NameError, not another value.
    """
    if len(branches) == 1:
        return branches[0]
    names = dict(branches[0])
    for branch in branches[1:]:
        for name, term in branch.items():
            before = names.get(name)
            if before is not term:
                names[name] = term if before is None else merged(before, term)
    if STARS in names:
        _with_stars(names, branches)
    return names


def merged(first: Term, second: Term) -> Term:
    """What a name stands for after two branches that bind it to `first` and to `second`.

    Mappings that grew from the same beginning merge key by key, so that a hundred
    `if x: kwargs[k] = v` make a mapping of a hundred keys and not of 2**100 choices.
    """
    if first == second or second == truthy(first):
        return first
    if first == truthy(second) or first == existing(second):
        return second
    if second == existing(first):
        return first
    if not (isinstance(first, Mapping) or isinstance(second, Mapping)):
        return choice((first, second))
    one, two = _entries(first), _entries(second)
    shared = _common_prefix(one, two)
    tails = (*one[shared:], *two[shared:])
    unrelated = not shared and not (isinstance(first, Mapping) and isinstance(second, Mapping))
    if unrelated or any(key is None for key, _ in tails):
        return choice((first, second))
    return Mapping(
        (*one[:shared], *_merged_tail(dict(one[shared:]), dict(two[shared:]), one[:shared]))
    )


def _merged_tail(
    one: dict[str | None, Term], two: dict[str | None, Term], before: tuple[Entry, ...]
) -> list[Entry]:
    beginning = Mapping(before)
    tail: list[Entry] = []
    for key in (*one, *(key for key in two if key not in one)):
        old = entry_of(beginning, key) if key is not None else None
        tail.append((key, choice((one.get(key, old or ABSENT), two.get(key, old or ABSENT)))))
    return tail


def _entries(term: Term) -> tuple[Entry, ...]:
    return term.entries if isinstance(term, Mapping) else ((None, term),)


def _common_prefix(one: tuple[Entry, ...], two: tuple[Entry, ...]) -> int:
    length = 0
    for left, right in zip(one, two, strict=False):
        if left != right:
            break
        length += 1
    return length


def _with_stars(names: Names, branches: list[Names]) -> None:
    """A function or class that one branch defines may be what another imports with a star.

    `try: from .impl import *` with a stub in the `except`: the stub is one of two meanings.
    """
    modules = {name: _modules(branch) for name, branch in enumerate(branches)}
    everywhere = set.intersection(*(set(each) for each in modules.values()))
    names[STARS] = Sequence(tuple(dict.fromkeys(m for each in modules.values() for m in each)))
    for name, term in names.items():
        own = Symbol("", name)
        if name == STARS or own not in (term, *(term.values if isinstance(term, Choice) else ())):
            continue
        others = [
            Symbol(star.module, name)
            for position, stars in modules.items()
            if name not in branches[position]
            for star in stars
            if star not in everywhere
        ]
        names[name] = choice((*others, term))


def _modules(names: Names) -> tuple[Symbol, ...]:
    stars = names.get(STARS)
    items = stars.items if isinstance(stars, Sequence) else ()
    return tuple(item for item in items if isinstance(item, Symbol))


# --- what a condition says ----------------------------------------------------------------------

_OPEN = (Attribute, Choice, Elements, Environment, Item, Parameter, Result)
"""Terms that may be None or empty for all that a front end knows."""


def narrowed(names: Names, test: ast.expr, *, holds: bool) -> Names:
    """`names` on the branch where `test` holds, or on the one where it does not."""
    found: Names = {}
    for name in _true(test, holds):
        term = names.get(name)
        if isinstance(term, _OPEN):
            found[name] = truthy(term)
    return {**names, **found} if found else names


def widen(names: Names, before: Names, test: ast.expr) -> None:
    """Forget after an `if` what its test found of names that it leaves alone.

    Of a check that raises nothing is kept: what comes after it says the same without it.
    """
    for name in {*_true(test, True), *_true(test, False)}:
        term = names.get(name)
        if name in before and isinstance(term, Either) and term == truthy(before[name]):
            names[name] = before[name]


def filled_in(before: Names, inside: Names, test: ast.expr) -> Names:
    """What `if not x: x = y` makes of x: `x or y`."""
    found: Names = {}
    for name in () if isinstance(test, ast.BoolOp) else _true(test, False):
        old, new = before.get(name), inside.get(name)
        if old is not None and new is not None and new != old:
            found[name] = either((old, new))
    return found


def same_name(test: ast.expr, body: ast.expr) -> bool:
    """Whether `body if test else …` takes the very thing that is tested."""
    return isinstance(body, ast.Name) and body.id in _true(test, True)


def _true(test: ast.expr, holds: bool) -> Iterator[str]:
    """The names that are true where the test holds, or where it does not."""
    if isinstance(test, ast.Name):
        if holds:
            yield test.id
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _true(test.operand, not holds)
    elif isinstance(test, ast.BoolOp):
        if isinstance(test.op, ast.And) is holds:
            for value in test.values:
                yield from _true(value, holds)
    elif isinstance(test, ast.Compare) and _is_given(test) is holds:
        yield from _true(test.left, True)


def _is_given(test: ast.Compare) -> bool | None:
    """True for `x is not None`, False for `x is None`, None for every other comparison."""
    target = test.comparators[0]
    if len(test.ops) > 1 or not (isinstance(target, ast.Constant) and target.value is None):
        return None
    if isinstance(test.ops[0], (ast.IsNot, ast.NotEq)):
        return True
    return False if isinstance(test.ops[0], (ast.Is, ast.Eq)) else None


_FOUND = frozenset({"exists", "isfile", "isdir", "is_file", "is_dir", "lexists"})


def found(test: ast.expr, *, holds: bool) -> Iterator[str]:
    """The names whose file or folder is there where a test holds, or where it does not."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from found(test.operand, holds=not holds)
    elif isinstance(test, ast.BoolOp):
        if isinstance(test.op, ast.And) is holds:
            for value in test.values:
                yield from found(value, holds=holds)
    elif isinstance(test, ast.Call) and holds and is_there(test):
        inside = test.args[0] if test.args else test.func
        name = _beginning(inside)
        if name is not None:
            yield name


def _beginning(path: ast.expr) -> str | None:
    """The name that a path begins with: `os.path.join(x, "a")`, `(Path(x) / "a").exists`."""
    while not isinstance(path, ast.Name):
        if isinstance(path, ast.Call) and path.args:
            path = path.args[0]
        elif isinstance(path, ast.BinOp) and isinstance(path.op, ast.Div):
            path = path.left
        elif isinstance(path, ast.Call) or (isinstance(path, ast.Attribute) and path.attr in _SAME):
            path = path.func if isinstance(path, ast.Call) else path.value
        else:
            return None
    return path.id


_SAME = _FOUND | {"expanduser", "resolve", "absolute", "strip"}
"""Methods of a path, or questions about it, that mean the path itself."""


def is_there(test: ast.expr) -> bool | None:
    """True where a condition finds a file, False where it finds none, None of all others."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        found = is_there(test.operand)
        return None if found is None else not found
    if isinstance(test, ast.Call) and isinstance(test.func, (ast.Attribute, ast.Name)):
        name = test.func.attr if isinstance(test.func, ast.Attribute) else test.func.id
        return True if name in _FOUND else None
    return None
