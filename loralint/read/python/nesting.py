"""Text that LibCST cannot read: it would overflow the stack, take minutes, or fill the memory.

LibCST recurses, in Rust where nothing catches it, into brackets, operators, and chains of calls
and attributes alike. Depth is counted on the masked text, where strings hold no brackets.
"""

from __future__ import annotations

import re

from loralint.read.python.masking import masked

DEEPEST = 400
"""Brackets and links that lie in one another; Python itself stops at 200 brackets."""

LONGEST_BRANCHING = 400
"""Branches of one `if`: each `elif` lies in the one before."""

LARGEST = 270_000
"""Kilobytes that the tree may take, by a rough count of its statements, items and links."""

_ITEM_SIZE, _LINK_SIZE = 8, 2
_PATTERN_COST = 25
"""The time for brackets in a `case` doubles with each, so that they count as much as this."""

_TOKEN = re.compile(
    r"\\\r?\n|[\n\r](?:[ \t]*case\b)?|[()\[\]{},;.]|[-+~]|[*/%@&|^<>!=]+|\"+|''"
    r"|\b(?:and|or|not|if|in|is|lambda|await|for)\b"
)
_FIELDS = re.compile(r"(?:\{[^{}\n]*){100}")
_BRANCH = re.compile(r"^([ \t]*)(if|elif)\b", re.MULTILINE)


def nested_deeply(text: str) -> bool:
    """Whether LibCST must not be given this text."""
    if text.count("{") >= 100 and _FIELDS.search(text) is not None:
        return True
    if len(text) < DEEPEST and "case" not in text:
        return False  # nearly every statement
    if _branches(text) > LONGEST_BRANCHING:
        return True
    tokens: list[str] = _TOKEN.findall(masked(text))
    return _size(tokens) > LARGEST or _depth(tokens) > DEEPEST


def too_large(masked_text: str) -> bool:
    """Whether the nodes of a masked text would fill the memory."""
    if len(masked_text) * _ITEM_SIZE < LARGEST:
        return False
    return _size(_TOKEN.findall(masked_text)) > LARGEST


def _branches(text: str) -> int:
    """The most `elif` of one `if`, roughly: those of one indent without an `if` between."""
    longest = 0
    if text.count("elif") > LONGEST_BRANCHING:
        counts: dict[str, int] = {}
        for match in _BRANCH.finditer(text):
            counts[match[1]] = counts.get(match[1], 0) + 1 if match[2] == "elif" else 0
            longest = max(longest, counts[match[1]])
    return longest


def _size(tokens: list[str]) -> int:
    items = sum(token in ",;" or token[0] in "\n\r" for token in tokens)
    return items * _ITEM_SIZE + (len(tokens) - items) * _LINK_SIZE


def _depth(tokens: list[str]) -> int:
    """The depth of the deepest expression: brackets around it, and links of its chain so far."""
    if len(tokens) <= DEEPEST // _PATTERN_COST:
        return 0
    deepest = depth = base = 0
    cost = 1
    outer: list[tuple[int, int]] = []
    for token in tokens:
        if token in "([{":
            outer.append((base, depth + 1))
            base = depth = depth + cost
        elif token in ")]}":
            base, depth = outer.pop() if outer else (base, depth)
        elif token in ",;=":
            depth = base
        elif token[0] in "\n\r":
            depth = depth if outer else base
            cost = cost if outer else _PATTERN_COST if token.endswith("case") else 1
        elif token[0] != "\\":
            depth += 1
        deepest = max(deepest, depth)
    return deepest


def writes_back(text: str) -> bool:
    """Whether LibCST writes a module that it can read letter by letter as it stands."""
    import libcst as cst

    if nested_deeply(text):
        raise RecursionError
    return cst.parse_module(text).code == text
