"""Calling contexts: the ways in which a function is entered, as far as they make a difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from loralint.facts import (
    Attribute,
    Choice,
    Data,
    Either,
    Elements,
    Environment,
    Item,
    Join,
    Mapping,
    Parameter,
    Partial,
    Result,
    Self,
    Sequence,
    Site,
    Term,
)
from loralint.values import callers, entries
from loralint.values.nodes import Frame

if TYPE_CHECKING:
    from loralint.values.evaluator import Evaluator

MAX_DEPTH = 4
MAX_CALLERS = 12
MAX_FRAMES = 24
"""How many contexts of one call are told apart."""


def frames(evaluator: Evaluator, site: Site, *, always: bool) -> list[Frame]:
    """The frames in which a call runs; none where nobody is seen to call its function.

    Without `always` only those are told apart that give the call other values.
    """
    call = evaluator.index.call(site)
    if not call.function:
        return []
    if not always and not depends(evaluator, site):
        return []
    return _entered(evaluator, site[0], call.function, 0)


def depends(evaluator: Evaluator, site: Site) -> bool:
    """Whether the values of a call depend on who calls the function around it."""
    call = evaluator.index.call(site)
    found = _free(evaluator, site[0], (call.callee, *(each.value for each in call.arguments)))
    return call.function in found or _owner(call.function) in found


def _owner(function: str) -> str:
    """What `self` is called in the set of dependencies: the class of the method."""
    return f"self of {function.rpartition('.')[0]}"


def _entered(evaluator: Evaluator, path: str, function: str, depth: int) -> list[Frame]:
    cache = evaluator.cache("contexts")
    key = (path, function)
    if key not in cache:
        cache[key] = []  # a function that calls itself has no further contexts
        cache[key] = list(_search(evaluator, path, function, depth))[:MAX_FRAMES]
    found: list[Frame] = cache[key]
    return found


def _search(evaluator: Evaluator, path: str, function: str, depth: int) -> Iterator[Frame]:
    if entries.is_open(evaluator, path, function):
        return
    found = callers.of(evaluator, path, function)
    for caller in found if len(found) <= MAX_CALLERS else ():
        for outer in _outer(evaluator, caller.site, depth):
            yield from callers.frames(evaluator, path, function, caller.site, outer)


def _outer(evaluator: Evaluator, site: Site, depth: int) -> list[Frame]:
    """The contexts of a caller, if what it passes depends on them."""
    call = evaluator.index.call(site)
    if depth < MAX_DEPTH and call.function and depends(evaluator, site):
        found = _entered(evaluator, site[0], call.function, depth + 1)
        if found:
            return found
    return [evaluator.module_frame(site[0])]


# --- what terms depend on -----------------------------------------------------------------------


def _free(evaluator: Evaluator, path: str, terms: tuple[Term, ...]) -> frozenset[str]:
    """The functions whose parameters, and the classes whose `self`, terms speak of."""
    found: set[str] = set()
    calls: set[int] = set()
    seen: set[int] = set()  # terms share their parts
    todo = list(terms)
    while todo:
        term = todo.pop()
        if id(term) in seen:
            continue
        seen.add(id(term))
        if isinstance(term, Parameter):
            found.add(term.function)
        elif isinstance(term, Self):
            found.add(f"self of {term.class_}")
        elif isinstance(term, Result):
            if term.call not in calls:
                calls.add(term.call)
                call = evaluator.index.call(Site(path, term.call))
                todo += [call.callee, *(each.value for each in call.arguments)]
        else:
            todo.extend(children(term))
    return frozenset(found)


def children(term: Term) -> tuple[Term, ...]:
    """The terms inside a term."""
    parts = _PARTS.get(type(term))
    return parts(term) if parts is not None else ()


def _entries(term: Mapping) -> tuple[Term, ...]:
    return tuple(value for _, value in term.entries)


def _partial(term: Partial) -> tuple[Term, ...]:
    return (term.callee, *(each.value for each in term.arguments))


_PARTS: dict[type, Callable[[Any], tuple[Term, ...]]] = {
    Choice: lambda term: term.values,
    Either: lambda term: term.values,
    Attribute: lambda term: (term.base,),
    Elements: lambda term: (term.base,),
    Item: lambda term: (term.base, term.key, term.default),
    Join: lambda term: term.parts,
    Sequence: lambda term: term.items,
    Mapping: _entries,
    Environment: lambda term: (term.default,),
    Data: lambda term: (term.path,),
    Partial: _partial,
}
