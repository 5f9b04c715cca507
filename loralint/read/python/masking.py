"""A module's text without its strings and comments, rows and columns kept.

What is left is names, operators and brackets: enough to find statements without a parser. The
text of f-strings stays, for the names in it, and `getattr(cls, "from_pretrained")`. A column is
that of the module, but behind a string of several rows.
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
_OTHER = str.maketrans(dict.fromkeys("()[]{}#\"'\\\n", " "))

_PREFIX = str.maketrans(dict.fromkeys("rRbBuUfFtT", '"'))


@lru_cache(maxsize=1)  # the check of the nesting and the slice ask for the same text
def masked(text: str) -> str:
    """`text` with strings as quotes, comments as nothing; the number of rows stays."""
    return _TOKEN.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    token, prefix = match[0], match["prefix"]
    if token[0] == "#":
        return ""
    if prefix and "{" in token and "f" in prefix.lower():
        names = token[len(prefix) :].translate(_OTHER)[1:-1]
        mask = f'"{prefix.translate(_PREFIX)}{names}"'
    elif token[1:-1] == "from_pretrained":
        return token
    else:
        mask = '"' * len(token) if "\n" not in token else '""'
    return mask + "\\\n" * token.count("\n")
