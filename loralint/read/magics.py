"""IPython's magics and shell escapes: a cell → the Python in it and the shell in it.

As IPython's own input transformer does it, but rows and columns can be traced back: a magic
becomes `pass` in its row, with its indent, and rows whose text moves say by how much.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class Row(NamedTuple):
    """A row of Python: its text, its row in the cell, and how far left the text has moved."""

    text: str
    row: int
    shift: int = 0


class Shell(NamedTuple):
    """Commands: text, first row, how far left it moved, whether they hold for the next ones too."""

    text: str
    row: int
    shift: int = 0
    lasting: bool = False


class Written(NamedTuple):
    """What `%%writefile` makes of a cell: a file's name and text, and the text's first row."""

    path: str
    text: str
    row: int

    @property
    def rows(self) -> list[Row]:
        """The rows of the text, where they stand in the cell."""
        texts = self.text.split("\n")
        return [Row(text, number) for number, text in enumerate(texts, self.row)]


@dataclass(slots=True)
class Parts:
    """What a cell consists of; `lenient` where nothing says that it is Python at all."""

    python: list[Row] = field(default_factory=list)
    shell: list[Shell] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    lenient: bool = False


# --- magics of a whole cell ---------------------------------------------------------------------

_CELL = re.compile(r"%%(!|\w+)[ \t]*(.*)")
_SHELLS = frozenset({"bash", "sh", "zsh", "system", "sx", "!", "shell", "ksh", "dash"})
_TRANSPARENT = frozenset({"capture", "time", "timeit", "prun", "memit", "python", "wandb", "debug"})
_OTHER = frozenset(
    """html HTML svg SVG js javascript latex markdown md sql bigquery R r julia ruby perl pypy
    python2 python3 cython script script_magic cmd powershell pwsh false skip ignore mermaid cpp
    cuda cu writetemplate ai graphviz dot bqsql duckdb configure local fs scala""".split()
)
_DATABRICKS = re.compile(r"%(md|sql|scala|r|fs|sh)(?:\s+(.*))?$")


def read(text: str, path: str = "") -> Parts:
    """Take a cell apart. `path` is the notebook, in whose forms fields can be changed."""
    rows = [Row(line, number) for number, line in enumerate(text.split("\n"), 1)]
    return _cell(rows, path)


MAX_MAGICS = 20
"""More magics than this on top of one another are no cell."""


def _cell(rows: list[Row], path: str, left: int = MAX_MAGICS) -> Parts:
    head = _head(rows)
    magic = _CELL.match(rows[head].text) if head < len(rows) else None
    if magic is None:
        foreign = _DATABRICKS.match(rows[head].text) if head < len(rows) else None
        if foreign is not None and (foreign[1] != "sh" or not foreign[2]):
            return _shell(rows[head + 1 :]) if foreign[1] == "sh" else Parts()
        return _lines(rows, head, path)
    name, argument = magic[1], magic[2].strip()
    rest = rows[head + 1 :]
    if name in _SHELLS or (name == "script" and argument.split(" ")[0] in _SHELLS):
        return _shell(rest)
    if name in ("writefile", "file"):
        return Parts(written=[_written(argument, rest)])
    if name in _OTHER:
        return Parts()
    parts = _cell(rest, path, left - 1) if left else Parts()
    parts.lenient = parts.lenient or name not in _TRANSPARENT
    return parts


def _head(rows: list[Row]) -> int:
    """The first row with anything on it; comments too may stand before a cell's magic."""
    for index, row in enumerate(rows):
        text = row.text.lstrip()
        if text and not text.startswith("#"):
            return index
    return len(rows)


def _shell(rows: list[Row]) -> Parts:
    text = "\n".join(row.text for row in rows)
    return Parts(shell=[Shell(text, rows[0].row)] if text.strip() else [])


def _written(argument: str, rows: list[Row]) -> Written:
    names = [word for word in argument.split() if not word.startswith("-")]
    text = "".join(f"{row.text}\n" for row in rows)
    return Written(names[-1].strip("\"'") if names else "", text, rows[0].row if rows else 1)


# --- magics of a line ---------------------------------------------------------------------------

_ESCAPED = re.compile(r"\s*[%!?,;/]")
_AUTOMATIC = re.compile(
    r"\s*(?:(?:pip3?|conda|mamba|uv)\s+(?:-\S+\s+)*(?:install|uninstall|pip|update|upgrade|list"
    r"|show|freeze|add|remove|sync)\b|(?:ls|cd|cat|cp|mv|mkdir|rm|rmdir)\s+[-\w./~$\"'](?!\s*=))"
)
"""`pip install x` without an escape: IPython runs it where no Python name is in its way."""

_ASSIGNED = re.compile(r"(\s*[^=#\"'!%<>+\-*/&|^~@]+)=\s*(?=[!%])")
_FIELD = re.compile(
    r"(\s*)(\w+)(\s*=\s*)([\"'][^\"'\\]*[\"']|True|False|None|-?[\d.]+(?:e-?\d+)?)(\s*#\s*@param\b)"
)
_ENDS = re.compile(r"(?:raise\b|(?:sys\.)?exit\s*\(|quit\s*\(|os\._exit\s*\()")
_FIRST_PROMPT = re.compile(r"(?:>>>|In \[\d+\]:)(?: |$)")
_PROMPT = re.compile(r"(?:>>>|\.\.\.|In \[\d+\]:|\s*\.{3,}:)(?: |$)")
_STATEMENT = re.compile(r"(\s*)%(?:time|timeit|prun|memit)\s+((?:-\w+(?:\s+\d+)?\s+)*)(?=\S)")
_ENV = re.compile(r"\s*%(?:env|set_env)\s+(\w+)(?:\s*=\s*|\s+)(\S.*)$")
_ENV_READ = re.compile(r"%env\s+(\w+)\s*$")


def _lines(rows: list[Row], head: int, path: str) -> Parts:
    """A cell of Python, with magics on lines of their own."""
    parts, scanner = Parts(), Scanner()
    todo = iter(_unprompted(rows, head))
    for row in todo:
        if scanner.inside:
            scanner.feed(row.text)
            parts.python.append(row)
            continue
        if _ENDS.match(row.text):
            break  # it ends this cell; the next ones are run all the same
        timed = _STATEMENT.match(row.text)
        plain = _without(row, timed[1], timed.end()) if timed is not None else row
        if not _escape(plain, todo, parts):
            parts.python.append(_plain(_with_field(plain, path), scanner))
    return parts


def _unprompted(rows: list[Row], head: int) -> list[Row]:
    """The rows without the indent of the first, or without prompts that were pasted in."""
    first = rows[head].text if head < len(rows) else ""
    if _FIRST_PROMPT.match(first):
        found = [(row, _PROMPT.match(row.text)) for row in rows]
        return [_without(row, "", match.end()) if match else row for row, match in found]
    indent = _indent(first)
    if not indent:
        return rows
    size = len(indent)
    return [_without(row, "", size) if row.text.startswith(indent) else row for row in rows]


def _indent(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _without(row: Row, indent: str, end: int) -> Row:
    """The row from `end` on, behind an indent; columns tell how far it has moved."""
    return Row(indent + row.text[end:], row.row, row.shift + end - len(indent))


def _plain(row: Row, scanner: Scanner) -> Row:
    """A row of Python, or a question (`model.generate?`), which is none."""
    code = scanner.feed(row.text).rstrip()
    is_question = code.endswith("?") and not scanner.inside
    return Row(f"{_indent(row.text)}pass", row.row) if is_question else row


def _with_field(row: Row, path: str) -> Row:
    """`x = "a/b" #@param`: the value of a form's field, which a person may change there.

    What the form shows is what runs unless somebody says otherwise: a default.
    """
    found = _FIELD.match(row.text) if "@param" in row.text else None
    if found is None:
        return row
    indent, name, equals, value, comment = found.groups()
    form = f"__form__({path!r}, {name!r}, {value})"
    return Row(f"{indent}{name}{equals}{form}{comment}{row.text[found.end() :]}", row.row)


def _escape(row: Row, following: Iterator[Row], parts: Parts) -> bool:
    """Take a magic or shell escape with the rows that a backslash joins to it."""
    assigned = _ASSIGNED.match(row.text)
    if assigned is None and not (_ESCAPED.match(row.text) or _AUTOMATIC.match(row.text)):
        return False
    rows = [row]
    while rows[-1].text.endswith("\\") and (after := next(following, None)) is not None:
        rows.append(after)
    end = assigned.end() if assigned is not None else len(_indent(row.text))
    magic = row.text[end:]
    statement = f"{assigned[1]}= {_value(magic)}" if assigned is not None else _replaced(row.text)
    parts.python.append(Row(statement, row.row, row.shift))
    parts.python.extend(Row("", each.row) for each in rows[1:])
    command = _command(end, rows)
    if command is not None:
        parts.shell.append(command)
    return True


def _replaced(text: str) -> str:
    """The statement that stands for a magic: an environment variable is set, or nothing is."""
    found = _ENV.match(text)
    if found is None:
        return f"{_indent(text)}pass"
    value = repr(found[2].strip()) if not re.search(r"[{$]", found[2]) else "get_ipython()"
    return f'{_indent(text)}__import__("os").environ["{found[1]}"] = {value}'


def _value(magic: str) -> str:
    """What `x = %env NAME` and `x = !cmd` bind: a variable's value, or what only running tells."""
    found = _ENV_READ.match(magic)
    return f'__import__("os").environ["{found[1]}"]' if found is not None else "get_ipython()"


# --- logical lines ------------------------------------------------------------------------------

_PIECE = re.compile(r"\"\"\"|'''|[\"'#()\[\]{}]")
_BODY = {
    '"': re.compile(r'[^"\\]*(?:\\.[^"\\]*)*'),
    "'": re.compile(r"[^'\\]*(?:\\.[^'\\]*)*"),
    '"""': re.compile(r'[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*'),
    "'''": re.compile(r"[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*"),
}
"""What stands inside quotes, up to the closing ones or the end of the row."""


class Scanner:
    """Where logical lines begin, row by row: brackets, strings and backslashes join rows.

    A magic stands at the beginning of a logical line; `%` in the middle of a long expression, or
    `!` in a text of three quotes, is none. The cell is no Python yet: no tokenizer can tell.
    """

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


# --- commands -----------------------------------------------------------------------------------

_COMMAND = re.compile(
    r"!!?|%(?=(?:pip|conda|mamba|uv|cd)\b)|%(?:system|sx|sh|bash|shell)\b|(?=[a-z])"
)
_RUN = re.compile(r"%run\s+(?:-\w\s+)*(?=[^\s-]\S*\.py\b)")


def _command(start: int, rows: list[Row]) -> Shell | None:
    """The shell command of an escape that starts at a column, in its place where possible."""
    first, rest = rows[0].text, "".join(f"\n{row.text}" for row in rows[1:])
    shift = rows[0].shift
    if found := _COMMAND.match(first, start):
        lasting = re.match(r"%?cd\b", first[start:]) is not None
        return Shell(" " * found.end() + first[found.end() :] + rest, rows[0].row, shift, lasting)
    if found := _RUN.match(first, start):
        moved = found.end() - len("python ")
        return Shell(f"python {first[found.end() :]}{rest}", rows[0].row, shift + moved)
    if found := _ENV.match(first):
        moved = found.start(1) - len("export ")
        return Shell(f"export {found[1]}={found[2]}{rest}", rows[0].row, shift + moved, True)
    return None
