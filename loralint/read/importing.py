"""Where one more name goes into a `from MODULE import …` that a file has already.

The statement keeps its layout: names that are sorted stay sorted, one name a row stays so, and a
row that would get too long is broken as black and ruff break it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from loralint.diagnostics import Edit
from loralint.read import cells, magics
from loralint.read.magics import Row
from loralint.read.python.parsing import NotPython, decode, parse, rows
from loralint.source import Location, Place, Source, Span

WIDTH = 88
"""How long a row gets before a formatter breaks it."""

_ENDS_ROW = re.compile(r"[ \t]*,?[ \t]*(#.*)?")


def importing(source: Source, module: str, name: str) -> Edit | None:
    """What imports a name beside the first ones from its module; None where none are imported.

    What only type checkers see counts as little as what is imported within a function.
    """
    for cell in cells.cells_of(source):
        found = python_rows(source, cell)
        for statement in _statements("\n".join(row.text for row in found)):
            if isinstance(statement, ast.ImportFrom) and statement.module == module:
                written = _Written(statement, found)
                if not statement.level and not written.before.strip():
                    return written.with_name(source.path, cell, name)
    return None


def python_rows(source: Source, cell: int | None) -> list[Row]:
    """The rows of Python in a file, or in a cell of a notebook."""
    if cell is not None:
        text = "\n".join(cells.lines(source.content, cell))
        parts = magics.read(text, f"{source.path}:")
        return parts.python or [row for file in parts.written for row in file.rows]
    return [Row(line, number) for number, line in enumerate(rows(decode(source.content)), 1)]


def _statements(text: str) -> Iterator[ast.stmt]:
    """The statements that run when a module is imported, in order; none where Python reads none."""
    try:
        todo: list[ast.AST] = list(reversed(parse(text).body))
    except NotPython:
        return
    while todo:
        node = todo.pop()
        if isinstance(node, ast.stmt):
            yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo.extend(reversed(node.orelse))
        elif not isinstance(node, (ast.expr, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            todo.extend(reversed(list(ast.iter_child_nodes(node))))


@dataclass(frozen=True)
class _Written:
    """An import as it stands in some rows."""

    statement: ast.ImportFrom
    rows: Sequence[Row]

    def with_name(self, path: str, cell: int | None, name: str) -> Edit:
        start, end, content = self._edit(name)
        return Edit(Place(path, Span(self._outside(start), self._outside(end)), cell), content)

    def _edit(self, name: str) -> tuple[Location, Location, str]:
        """From where to where what is to be written, in the rows of Python."""
        names = self.statement.names
        if names[0].name == "*":
            start = Location(self.statement.lineno, len(self.before) + 1)
            return start, start, f"from {self.statement.module} import {name}\n{self.before}"
        number = _position([each.name for each in names], name)
        if self._is_one_row() and self._is_too_long(name):
            listed = [self._text(each) for each in names]
            listed.insert(number, name)
            inside = "".join(f"{self.before}    {each},\n" for each in listed)
            return self._start(names[0]), self._end(names[-1]), f"(\n{inside}{self.before})"
        if number == len(names):
            last = self._behind_last(name)
            if last is not None:
                return last
            number -= 1  # a comment is in the way
        at = self._start(names[number])
        margin = self._margin(names[number])
        return at, at, f"{name}, " if margin is None else f"{name},\n{margin}"

    def _behind_last(self, name: str) -> tuple[Location, Location, str] | None:
        last = self.statement.names[-1]
        margin, end = self._margin(last), self._end(last)
        if margin is None:
            return end, end, f", {name}"
        row = self._row(end.row)
        rest = row[end.column - 1 :]
        if rest.lstrip().startswith(","):
            at = Location(end.row, len(row) + 1)
            return (at, at, f"\n{margin}{name},") if _ENDS_ROW.fullmatch(rest) else None
        return None if "#" in rest else (end, end, f",\n{margin}{name}")

    @property
    def before(self) -> str:
        """What stands before the statement on its row."""
        return self._row(self.statement.lineno)[: self.statement.col_offset]

    def _is_one_row(self) -> bool:
        node = self.statement
        text = self._row(node.lineno)
        return node.lineno == node.end_lineno and "(" not in text and ";" not in text

    def _is_too_long(self, name: str) -> bool:
        end = self._end(self.statement.names[-1])
        return end.column - 1 + len(f", {name}") > WIDTH

    def _margin(self, alias: ast.alias) -> str | None:
        """The white space before a name that begins its row; None where it does not."""
        start = self._start(alias)
        before = self._row(start.row)[: start.column - 1]
        return before if not before.strip() and self._is_in_brackets() else None

    def _is_in_brackets(self) -> bool:
        first = self._start(self.statement.names[0])
        above = [self._row(row) for row in range(self.statement.lineno, first.row)]
        return "(" in "".join((*above, self._row(first.row)[: first.column - 1]))

    def _row(self, number: int) -> str:
        return self.rows[number - 1].text

    def _text(self, alias: ast.alias) -> str:
        return f"{alias.name} as {alias.asname}" if alias.asname else alias.name

    def _start(self, alias: ast.alias) -> Location:
        return Location(alias.lineno, self._column(alias.lineno, alias.col_offset))

    def _end(self, alias: ast.alias) -> Location:
        assert alias.end_lineno is not None and alias.end_col_offset is not None
        return Location(alias.end_lineno, self._column(alias.end_lineno, alias.end_col_offset))

    def _column(self, row: int, offset: int) -> int:
        """The column of an offset in bytes, which is what Python counts in."""
        return len(self._row(row).encode()[:offset].decode(errors="replace")) + 1

    def _outside(self, at: Location) -> Location:
        row = self.rows[at.row - 1]
        return Location(row.row, at.column + row.shift)


def _position(names: Sequence[str], name: str) -> int:
    """Where a name belongs among others: sorted as they are, else behind them."""
    orders: tuple[Callable[[str], object], ...] = (_by_kind, str, str.lower)
    for order in orders:
        keys = [order(each) for each in names]
        if keys == sorted(keys):  # type: ignore[type-var]
            return sum(key < order(name) for key in keys)  # type: ignore[operator]
    return len(names)


def _by_kind(name: str) -> tuple[int, str]:
    """As isort and ruff sort: constants, classes, everything else."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name
