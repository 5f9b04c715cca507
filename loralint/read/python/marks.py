"""Names whose uses make a statement matter, and where a text uses them."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass


@dataclass(frozen=True)
class Marks:
    """Names whose calls are looked for; those in `passed` also where they are passed on.

    With `bare` only `name(...)` is a use, not `x.name(...)`.
    """

    names: frozenset[str]
    passed: frozenset[str] = frozenset()
    bare: bool = False

    def found(self, text: str, words: Set[str] | None = None) -> list[int]:
        """The offsets of the calls in a text, ascending; `words` are all words of the text.

        A search for a substring is far faster than a pattern of a hundred names.
        """
        offsets: list[int] = []
        for name in self.names & (words if words is not None else words_of(text)):
            start = text.find(name)
            while start >= 0:
                end = start + len(name)
                if self._is_use(text, name, start, end):
                    offsets.append(start)
                start = text.find(name, end)
        return sorted(offsets)

    def found_call(self, text: str) -> bool:
        """Whether a name is called in a text, and not only passed on."""
        return bool(Marks(self.names).found(text))

    def _is_use(self, text: str, name: str, start: int, end: int) -> bool:
        before = text[start - 1 : start]
        if before.isalnum() or before == "_" or (self.bare and before == "."):
            return False
        if name in self.passed:
            return not text[end : end + 1].isalnum()
        return text[end : end + 1] == "(" or _CALLED.match(text, end) is not None


_CALLED = re.compile(r"\s*\(")
_WORD = re.compile(r"\w+")


def words_of(text: str) -> frozenset[str]:
    """The words of a masked text."""
    return frozenset(_WORD.findall(text))


@dataclass(frozen=True)
class Criteria:
    """What makes a statement matter: `strong` with all that it reads, `weak` where something
    strong is near.
    """

    strong: Marks
    weak: Marks
