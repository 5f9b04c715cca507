"""Text for people: what would steer a terminal made visible, and things counted and listed.

A file name, a comment or a repo id can hold escape sequences that move the cursor or recolour
the screen, and bidirectional controls that reorder what is read (CVE-2021-42574).
"""

from __future__ import annotations

from collections.abc import Iterable

_STEERING = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_ZERO_WIDTH = frozenset(("Mn", "Me", "Cf"))
# Scripts and emoji need the joiners, and neither can reorder or hide text.
_JOINERS = "\u200c\u200d"
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """Return the text on one line, with every steering character escaped."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(shown, text))


def shown(char: str) -> str:
    r"""Return one character as a terminal may have it: itself, or `\x1b`, `\u202e`."""
    if char.isprintable() or char in _JOINERS or not _steers(char):
        return char
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def _steers(char: str) -> bool:
    from unicodedata import category

    return category(char) in _STEERING


def width(text: str) -> int:
    """Return how many columns a terminal needs for a visible text."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def _char_width(char: str) -> int:
    from unicodedata import category, east_asian_width

    if category(char) in _ZERO_WIDTH:
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def well_formed(text: str) -> str:
    """Replace lone surrogates, which no encoding of a report can hold, by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# --- words --------------------------------------------------------------------------------------

_MANY = 4


def counted(count: int, noun: str) -> str:
    """Return `1 file`, `2 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(words: Iterable[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    items = list(dict.fromkeys(words))
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def either(words: Iterable[str]) -> str:
    """Return `a`, `a or b`, `a, b or c`; what is longer than four ends in "one of 5 others"."""
    items = list(dict.fromkeys(words))
    if len(items) > _MANY:
        items = [*items[: _MANY - 1], f"one of {len(items) - _MANY + 1} others"]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"
