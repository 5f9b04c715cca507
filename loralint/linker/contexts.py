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
    Term,
)
from loralint.linker import callers, entries
from loralint.linker.index import Site
from loralint.linker.nodes import Frame

if TYPE_CHECKING:
    from loralint.linker.machine import Machine

MAX_DEPTH = 4
MAX_CALLERS = 12
MAX_FRAMES = 24
"""How many contexts of one call are told apart."""


def frames(machine: Machine, site: Site, *, always: bool) -> list[Frame]:
    """The frames in which a call runs; none where nobody is seen to call its function.

    Without `always` only those are told apart that give the call other values.
    """
    call = machine.index.call(site)
    if not call.function:
        return []
    if not always and not depends(machine, site):
        return []
    return _entered(machine, site[0], call.function, 0)


def depends(machine: Machine, site: Site) -> bool:
    """Whether the values of a call depend on who calls the function around it."""
    call = machine.index.call(site)
    found = _free(machine, site[0], (call.callee, *(each.value for each in call.arguments)))
    return call.function in found or _owner(call.function) in found


def _owner(function: str) -> str:
    """What `self` is called in the set of dependencies: the class of the method."""
    return f"self of {function.rpartition('.')[0]}"


def _entered(machine: Machine, path: str, function: str, depth: int) -> list[Frame]:
    cache = machine.cache("contexts")
    key = (path, function)
    if key not in cache:
        cache[key] = []  # a function that calls itself has no further contexts
        cache[key] = list(_search(machine, path, function, depth))[:MAX_FRAMES]
    found: list[Frame] = cache[key]
    return found


def _search(machine: Machine, path: str, function: str, depth: int) -> Iterator[Frame]:
    if entries.is_open(machine, path, function):
        return
    found = callers.of(machine, path, function)
    for caller in found if len(found) <= MAX_CALLERS else ():
        for outer in _outer(machine, caller.site, depth):
            yield from callers.frames(machine, path, function, caller.site, outer)


def _outer(machine: Machine, site: Site, depth: int) -> list[Frame]:
    """The contexts of a caller, if what it passes depends on them."""
    call = machine.index.call(site)
    if depth < MAX_DEPTH and call.function and depends(machine, site):
        found = _entered(machine, site[0], call.function, depth + 1)
        if found:
            return found
    return [machine.module_frame(site[0])]


# --- what terms depend on -----------------------------------------------------------------------


def _free(machine: Machine, path: str, terms: tuple[Term, ...]) -> frozenset[str]:
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
                call = machine.index.call((path, term.call))
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
