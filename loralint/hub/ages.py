"""How old a commit has to be before it is taken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from loralint.hub import Answer, Ask, Failure, Found, Place

_UNITS = {"h": 3600, "d": 86_400, "w": 604_800}


def duration(text: str) -> float:
    """`7d`, `12h` or `2w` in seconds; ValueError for anything else."""
    match = re.fullmatch(r"(\d{1,4})([hdw])", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no age: write 12h, 7d or 2w")
    return float(match[1]) * _UNITS[match[2]]


class OldEnough:
    """A place whose answers count only if the commit certainly existed at some time."""

    def __init__(self, place: Place, limit: float) -> None:
        self._place = place
        self._limit = limit

    def answers(self, asked: Sequence[Ask]) -> Iterator[tuple[Ask, Answer]]:
        """The answers of the place behind this one, the young ones turned down."""
        for ask, answer in self._place.answers(asked):
            young = isinstance(answer, Found) and (answer.since or 0.0) > self._limit
            unknown = isinstance(answer, Found) and answer.since is None
            if young or unknown:
                why = "it may be younger than --min-age: only the Hub knows when it was made"
                yield ask, Failure(f"{ask.repo} at {ask.ref!r}: {why}")
            else:
                yield ask, answer
