"""Which calls stand under conditions that options decide, and whether those hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from loralint.facts import (
    Absent,
    Default,
    Guard,
    Known,
    OriginKind,
    Reason,
    Site,
    Unknown,
    Value,
    deciders,
    leaves,
)
from loralint.project.calls import Linker
from loralint.project.loads import Condition, Held
from loralint.values.values import value_of

MAX_CALLERS = 12
MAX_DEPTH = 3

CONDITIONAL = frozenset({"resize", "lora-config", "add-tokens", "wrap"})
"""The kinds of actions of which it matters whether they are done."""

Conditions = tuple[Condition, ...]


class Conditional:
    """The conditions of calls; those of a function's callers are looked for once."""

    def __init__(self, linker: Linker) -> None:
        self.linker = linker
        self._called: dict[tuple[str, str], Conditions] = {}

    def of_all(self, sites: Iterable[tuple[Site, int]]) -> Mapping[int, Conditions]:
        """The conditions of calls by their number, where they have some."""
        found = ((number, self.of(site)) for site, number in sites)
        return {number: each for number, each in found if each}

    def of(self, site: Site, depth: int = 0) -> Conditions:
        """The conditions that a call stands under, as far as somebody is known to decide them.

        Those of its function's callers count where all of them have them.
        """
        call = self.linker.call(site)
        own = [each for guard in call.guards for each in self._condition(site.file, guard)]
        if call.function and depth < MAX_DEPTH:
            own += self._of_callers(site.file, call.function, depth)
        return tuple(dict.fromkeys(own))

    def _of_callers(self, path: str, function: str, depth: int) -> Conditions:
        key = (path, function)
        if key not in self._called:
            self._called[key] = ()  # meanwhile: of a function that calls itself nothing is known
            callers = self.linker.evaluator.callers.of(path, function)
            each = [self.of(one.site, depth + 1) for one in callers[:MAX_CALLERS]]
            few = bool(callers) and len(callers) <= MAX_CALLERS
            shared = each[0] if few else ()
            self._called[key] = tuple(c for c in shared if all(c in other for other in each))
        return self._called[key]

    def _condition(self, path: str, guard: Guard) -> Iterator[Condition]:
        """A guard, if somebody is known to decide whether it holds."""
        frame = self.linker.evaluator.module_frame(path)
        value = value_of(self.linker.evaluator.force(guard.test, frame))
        answers = {answer(leaf, guard) for leaf in leaves(value)}
        if answers == {not guard.holds}:
            yield Condition(path, guard, _option(value), Held.NO)
        elif answers == {guard.holds} and _option(value):
            yield Condition(path, guard, _option(value), Held.YES)
        elif answers != {guard.holds} and _is_decided(value, guard):
            yield Condition(path, guard, _option(value), Held.OPEN)


def answer(leaf: Value, guard: Guard) -> bool | None:
    """Whether the test is true of a value; None where nobody knows."""
    if isinstance(leaf, Unknown) and leaf.reason not in _NOT_GIVEN:
        return None
    given = leaf.value if isinstance(leaf, (Known, Default)) else None
    if guard.values is None:
        return bool(given)
    return any(given == each and type(given) is type(each) for each in guard.values)


_NOT_GIVEN = (Reason.FORWARDED, Reason.ENVIRONMENT)
"""Nobody gives it unless somebody says so."""


def _is_decided(value: Value, guard: Guard) -> bool:
    """Whether an option decides, or what is compared is one of several tasks."""
    if any(isinstance(leaf, (Known, Default, Absent)) for leaf in leaves(value)):
        return True
    if any(each.kind not in (OriginKind.RESULT, OriginKind.IMPORT) for each in deciders(value)):
        return True
    return bool(guard.values) and any(isinstance(each, str) for each in guard.values or ())


def _option(value: Value) -> str:
    """The name of what decides."""
    named = deciders(value)
    return named[0].last if named else ""
