"""A module's text without its strings and comments, rows kept.

What is left is names, operators and brackets: enough to find statements without a parser. The
text of f-strings stays, for the names in it, and `getattr(cls, "from_pretrained")`.
"""

from __future__ import annotations

import re
from functools import lru_cache

# A string without an end goes on to the end of its row, or of the text: were it no match, each of
# its quotes would be tried as a beginning, in quadratic time.
_TOKEN = re.compile(
    r"""
    (?P<prefix>\b[rRbBuUfFtT]{1,2})?
    (?P<body>
        \"\"\"[^"\\]*(?:(?:\\.|"(?!\"\"))[^"\\]*)*(?:\"\"\"|\\?\Z)
      | '''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(?:'''|\\?\Z)
      | "[^"\\\n]*(?:\\.[^"\\\n]*)*"?
      | '[^'\\\n]*(?:\\.[^'\\\n]*)*'?
    )
    | (?P<comment>\#[^\n]*)
    """,
    re.VERBOSE | re.DOTALL,
)
_BRACKETS = str.maketrans("", "", "()[]{}#")


@lru_cache(maxsize=1)  # the check of the nesting and the slice ask for the same text
def masked(text: str) -> str:
    """`text` with strings as `""`, comments as nothing; the number of rows stays."""
    return _TOKEN.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    body = match["body"]
    if body is None:
        return ""
    if body[1:-1] == "from_pretrained":
        return body
    rows = "\\\n" * body.count("\n")
    prefix = match["prefix"]
    if prefix and "f" in prefix.lower():
        names = body.strip("\"'").replace("\n", " ").translate(_BRACKETS)
        return f'"" {names} {rows}' if "{" in body else f'""{rows}'
    return f'""{rows}'
