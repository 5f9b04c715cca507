"""The one form of a call: what a formatter, or another taste in quotes, does not change.

A baseline knows its findings by it. Layout, comments, trailing commas, quotes and the way in which
a text is broken into pieces are nothing that a call says.
"""

from __future__ import annotations

import ast
import re
import warnings
from hashlib import sha256

from loralint.read.python.newer import is_deep

_CONTINUED = re.compile(r"\s+\\\s+")

LONGEST = 200
"""Characters of a form; a digest stands for what is left out."""

_DIGITS = 12


def call_form(text: str) -> str:
    """The form of a call; of a command line, or of whatever else is no expression, one row.

    The form of a form is itself.
    """
    return _short(_unparsed(text) or " ".join(_CONTINUED.sub(" ", text).split()))


def _unparsed(text: str) -> str:
    """What Python says of a text that it has read; "" where it reads none."""
    whole = f"({text}\n)"  # it may have stood in brackets, and then goes over rows without any
    if is_deep(whole):
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return " ".join(ast.unparse(ast.parse(whole, mode="eval")).split())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""


def _short(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    kept = text[: LONGEST - 2 - _DIGITS]
    rest = text[len(kept) :].encode("utf-8", "surrogatepass")
    return f"{kept}… {sha256(rest).hexdigest()[:_DIGITS]}"
