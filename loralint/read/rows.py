"""Where the logical lines of a cell begin: brackets, strings and backslashes join rows.

A magic stands at the beginning of a logical line; `%` in the middle of a long expression, or `!`
in a text of three quotes, is none. The cell is no Python yet, so no tokenizer can tell.
"""

from __future__ import annotations

import re

_PIECE = re.compile(r"\"\"\"|'''|[\"'#()\[\]{}]")
_BODY = {
    '"': re.compile(r'[^"\\]*(?:\\.[^"\\]*)*'),
    "'": re.compile(r"[^'\\]*(?:\\.[^'\\]*)*"),
    '"""': re.compile(r'[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*'),
    "'''": re.compile(r"[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*"),
}
"""What stands inside quotes, up to the closing ones or the end of the row."""


class Scanner:
    """Reads the rows of a cell one after another."""

    def __init__(self) -> None:
        self.depth = 0
        self.quote = ""
        self.joined = False

    @property
    def inside(self) -> bool:
        """Whether the next row goes on with the statement of this one."""
        return self.depth > 0 or bool(self.quote) or self.joined

    def feed(self, row: str) -> str:
        """Take a row; return its code, without strings and comments."""
        kept: list[str] = []
        position = self._string(row, 0) if self.quote else 0
        while position < len(row):
            piece = _PIECE.search(row, position)
            if piece is None:
                kept.append(row[position:])
                break
            kept.append(row[position : piece.start()])
            position = self._take(row, piece, kept)
        code = "".join(kept)
        self.joined = not self.quote and code.endswith("\\")
        return code

    def _take(self, row: str, piece: re.Match[str], kept: list[str]) -> int:
        """Go over one bracket, string or comment; return where to go on."""
        text = piece[0]
        if text == "#":
            return len(row)
        if text[0] in "\"'":
            self.quote = text
            kept.append('""')
            return self._string(row, piece.end())
        self.depth = self.depth + 1 if text in "([{" else max(0, self.depth - 1)
        kept.append(text)
        return piece.end()

    def _string(self, row: str, position: int) -> int:
        """Go to the end of the open string, or of the row."""
        body = _BODY[self.quote].match(row, position)
        end = body.end() if body is not None else position
        if row.startswith(self.quote, end):
            position, self.quote = end + len(self.quote), ""
            return position
        if len(self.quote) == 1 and not row.endswith("\\"):
            self.quote = ""  # not closed in its row: an error that is not ours to report
        return len(row)
