"""Which Python files are worth parsing: those that use a name that matters.

A word in a docstring is no use of a name. What stands after a dot, before a parenthesis or a
comma, in an import, or as the whole of a string (`getattr(cls, "from_pretrained")`) is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from loralint.catalog import FILE_MARKERS

COMMENTS = (b"loralint:", b"noqa: LOR", b"noqa:LOR")
"""A file with a suppression is read even if it has nothing to suppress: that is a finding."""

_WORD = re.compile(rb"[A-Za-z_]\w*")


def _use(name: str) -> re.Pattern[bytes]:
    word = re.escape(name).encode()
    return re.compile(
        rb"\.%b(?![\w`])|\b%b\s*[(,]|[\"']%b[\"']|^[ \t]*(?:from|import)\b[^\n]*\b%b\b"
        % (word, word, word, word),
        re.MULTILINE,
    )


_MARKERS = tuple((name.encode(), _use(name)) for name in sorted(FILE_MARKERS))
_PIPELINE = _use("pipeline")
"""Too common a word alone: scikit-learn and many others have pipelines too."""


def matters(text: bytes) -> bool:
    """Whether a Python file uses one of the ecosystem's names."""
    # `in` is twenty times as fast as a pattern, and most files have none of the words.
    if any(word in text and use.search(text) for word, use in _MARKERS):
        return True
    if b"transformers" in text and b"pipeline" in text and _PIPELINE.search(text):
        return True
    return any(comment in text for comment in COMMENTS)


def mentions(text: bytes, names: frozenset[bytes]) -> bool:
    """Whether a text contains one of the identifiers."""
    return not names.isdisjoint(_WORD.findall(text))


def encoded(names: Iterable[str]) -> frozenset[bytes]:
    """Identifiers as they stand in a file."""
    return frozenset(name.encode() for name in names)
