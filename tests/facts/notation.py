"""Facts in a short notation that a person can write by hand.

'x'  a known value            m:a.b  a name of a module        f(p)  a parameter of f
a.b  an attribute             a[k]   an item                   a | b  a choice; a!  a if true
a + b, a / b  joined strings  {k: v, **m}  a mapping           [a, b]  a sequence
#2  the result of call 2      $X     an environment variable   @p  a configuration file
a or b  the first that is true     each a  any element         self C  an instance
?  unknown                    -  absent
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from loralint.facts import (
    Absent,
    Argument,
    Attribute,
    CallFact,
    Choice,
    Data,
    Default,
    Either,
    Elements,
    Environment,
    Item,
    Join,
    Known,
    Mapping,
    Parameter,
    Partial,
    Result,
    Self,
    Sequence,
    Symbol,
    Term,
)


def written(term: Term) -> str:
    """`term` in the notation."""
    writer = _WRITERS.get(type(term))
    return writer(term) if writer is not None else "?"


def _default(term: Term) -> str:
    return "" if isinstance(term, Absent) else f", {written(term)}"


def _entries(term: Mapping) -> str:
    parts = (f"{key}: {written(v)}" if key else f"**{written(v)}" for key, v in term.entries)
    return "{" + ", ".join(parts) + "}"


def _environment(term: Environment) -> str:
    default = term.default
    return f"${term.name}" + ("" if isinstance(default, Absent) else f" or {written(default)}")


def _partial(term: Partial) -> str:
    return f"partial {written(term.callee)}({', '.join(map(_argument, term.arguments))})"


def _all(terms: Iterable[Term], separator: str) -> str:
    return separator.join(map(written, terms))


_WRITERS: dict[type, Callable[[Any], str]] = {
    Absent: lambda term: "-",
    Known: lambda term: repr(term.value),
    Default: lambda term: f"default {term.value!r}",
    Symbol: lambda term: f"{term.module}:{term.name}",
    Parameter: lambda term: f"{term.function}({term.name})",
    Attribute: lambda term: f"{written(term.base)}.{term.name}",
    Item: lambda term: f"{written(term.base)}[{written(term.key)}{_default(term.default)}]",
    Choice: lambda term: _all(term.values, " | "),
    Join: lambda term: _all(term.parts, " / " if term.separator else " + "),
    Sequence: lambda term: f"[{_all(term.items, ', ')}]",
    Result: lambda term: f"#{term.call}",
    Mapping: _entries,
    Environment: _environment,
    Data: lambda term: f"@{written(term.path)}",
    Either: lambda term: _all(term.values, " or ") + ("!" if len(term.values) == 1 else ""),
    Elements: lambda term: f"each {written(term.base)}",
    Self: lambda term: f"self {term.class_}",
    Partial: _partial,
}


def _argument(argument: Argument) -> str:
    value = written(argument.value)
    return f"{argument.name}={value}" if argument.name else "*" * argument.stars + value


def call(fact: CallFact) -> str:
    """A call: row, callee and arguments."""
    arguments = ", ".join(map(_argument, fact.arguments))
    return f"{fact.span.start.row}: {written(fact.callee)}({arguments})"
