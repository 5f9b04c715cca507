"""What a name stands for after two branches."""

from __future__ import annotations

from loralint.facts import ABSENT, Mapping, Term
from loralint.read.python.terms import Entry, choice, entry_of, truthy


def merged(first: Term, second: Term) -> Term:
    """What a name stands for after two branches that bind it to `first` and to `second`.

    Mappings that grew from the same beginning merge key by key, so that a hundred
    `if x: kwargs[k] = v` make a mapping of a hundred keys and not of 2**100 choices.
    """
    if first == second or second == truthy(first):
        return first
    if first == truthy(second):
        return second
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
