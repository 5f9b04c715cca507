"""Which rules a selector names: `LOR201`, `revision-mismatch`, `LOR2` or `ALL`."""

from __future__ import annotations

from collections.abc import Iterable

EXACT = 100
"""The level of a code or a name: nothing is more specific."""


def level(selector: str, code: str, name: str) -> int:
    """How specifically a selector names a rule; 0 where it does not."""
    if selector in (code, name):
        return EXACT
    if selector == "ALL":
        return 1
    is_prefix = selector.startswith("LOR") and code.startswith(selector)
    return len(selector) if is_prefix else 0


def highest(selectors: Iterable[str], code: str, name: str) -> int:
    """The level of the most specific of several selectors."""
    return max((level(selector, code, name) for selector in selectors), default=0)


def covers(selector: str, code: str, name: str) -> bool:
    """Whether a selector names a rule at all."""
    return level(selector, code, name) > 0
