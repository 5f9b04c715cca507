"""Text that is nested so deeply that LibCST's parser would overflow the stack of the process."""

from __future__ import annotations

import re

DEEPEST = 1_000
"""Python stops at 200 brackets; LibCST reads this many and crashes at three times as many."""

_BRACKET = re.compile(r"[()\[\]{}]")
_UNARY = re.compile(r"(?:[-+~]\s*){1000}|(?:\bnot\s+){1000}")


def nested_deeply(text: str) -> bool:
    """Whether brackets or unary operators are nested more than `DEEPEST` times."""
    if text.count("(") + text.count("[") + text.count("{") > DEEPEST:
        depth = 0
        for bracket in _BRACKET.findall(text):
            depth = depth + 1 if bracket in "([{" else max(0, depth - 1)
            if depth > DEEPEST:
                return True
    return _UNARY.search(text) is not None
