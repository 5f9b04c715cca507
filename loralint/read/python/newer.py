"""Whether a newer Python could read what the running one cannot: LibCST knows their grammars.

LibCST recurses, in Rust where nothing catches it, into brackets, operators, and chains of calls
and attributes alike: it is not asked where that could go deep.
"""

from __future__ import annotations

import io
import tokenize

DEEPEST = 200
"""Brackets and links that lie in one another."""

LONGEST = 500_000
"""Characters of a text about which LibCST is asked."""

MOST_BRANCHES = 200
"""Branches of one `if`: each `elif` lies in the one before."""

DEEPEST_PATTERN = 10

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_LINKS = frozenset("and or not if in is lambda await for".split())


def reads(text: str) -> bool:
    """Whether LibCST reads a text that the running Python does not."""
    if len(text) > LONGEST or is_deep(text):
        return False
    import libcst as cst

    try:
        cst.parse_module(text)
    except (cst.ParserSyntaxError, RecursionError):
        return False
    return True


def is_deep(text: str) -> bool:
    """Whether LibCST must not be given a text."""
    brackets = links = branches = 0
    patterns = starts = False
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NEWLINE:
                patterns, starts, links = False, True, 0
                continue
            if token.type in (tokenize.OP, tokenize.NAME):
                links = 0 if token.string == "," else links + (token.string in _LINKS)
                links += token.type == tokenize.OP
                brackets += (token.string in _OPENING) - (token.string in _CLOSING)
                branches += token.string == "elif"
                patterns = patterns or (starts and token.string == "case")
                starts = False
            # The time for brackets in a `case` doubles with each.
            deepest = DEEPEST_PATTERN if patterns else DEEPEST
            if brackets > deepest or links > DEEPEST or branches > MOST_BRANCHES:
                return True
    except (tokenize.TokenError, SyntaxError):
        return True
    return False
