"""Comments beside pins: `# main, 2026-11-24` at the end of the row on which a commit stands."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from loralint.diagnostics import Edit
from loralint.hub.pin_stamps import STAMP, stamps
from loralint.read.cells import lines_of
from loralint.source import Place, Source, Span

_MAGIC = re.compile(r"^([ \t]*)[%!].*$", re.MULTILINE)

WITH_COMMENTS = frozenset({"python", "notebook", "yaml", "toml", "shell"})
"""Kinds of files in which `#` begins a comment: nearly everywhere, so `says_the_same` looks."""


def with_note(source: Source, edit: Edit, current: str, text: str) -> tuple[Edit, ...]:
    """An edit that writes a commit, with the comment beside it.

    `current` is the commit that stood there before, whose comment is replaced. A row that has a
    comment of another pin gets none: a commit and a comment beside it belong together.
    """
    if source.kind not in WITH_COMMENTS:
        return (edit,)
    moved = _of_another_row(source, edit, current, text)
    return (edit, moved) if moved is not None else _on_its_row(source, edit, current, text)


def _on_its_row(source: Source, edit: Edit, current: str, text: str) -> tuple[Edit, ...]:
    """An edit with the comment at the end of the row on which the commit comes to stand."""
    head, newline, tail = _row_ends_inside(edit.content)
    if newline:  # the commit gets a row of its own, above what is there
        return (Edit(edit.place, f"{head}  # {text}{newline}{tail}"),)
    end = edit.place.span.end
    row = lines_of(source.content, edit.place.cell)[end.row - 1]
    rest = row[end.column - 1 :]
    if _takes_no_comment(source.kind, row):
        return (edit,)
    if not rest.strip() and edit.place.span.start == end:
        return (Edit(edit.place, f"{edit.content}  # {text}"),)
    beside = _beside(row, end.column - 1, current, text)
    if beside is None:
        return (edit,)
    start, stop, written = beside
    span = Span.of(end.row, start + 1, end.row, stop + 1)
    return (edit, Edit(Place(source.path, span, edit.place.cell), written))


def _of_another_row(source: Source, edit: Edit, current: str, text: str) -> Edit | None:
    """The comment that speaks of the commit from elsewhere in its statement, written anew."""
    row, cell = edit.place.span.start.row, edit.place.cell
    for stamp in stamps(source, cell) if current else ():
        if (stamp.commit, stamp.row) == (current, row) and stamp.at != row:
            span = Span.of(stamp.at, stamp.start + 1, stamp.at, stamp.end + 1)
            return Edit(Place(source.path, span, cell), f"# {text}")
    return None


def _takes_no_comment(kind: str, row: str) -> bool:
    """Whether what stands behind a `#` on a row would not be one.

    A magic of IPython hands all of its row on (`%run x.py # main`); in shell a row may go on.
    """
    magic = kind == "notebook" and row.lstrip().startswith("%")
    return magic or (kind == "shell" and row.rstrip().endswith("\\"))


def _row_ends_inside(content: str) -> tuple[str, str, str]:
    """The content up to the end of the commit's row, that end, and the rest; "" where none."""
    start = content.rfind('"') if '"' in content else len(content.rstrip()) - 1
    before, newline, after = content[start:].partition("\n")
    return content[:start] + before, newline, after


def _beside(row: str, column: int, current: str, text: str) -> tuple[int, int, str] | None:
    """What to put where, behind the commit on its row; None where nothing is to be written."""
    old = STAMP.search(row, column)
    if old is None:
        end = len(row.rstrip())
        return end, len(row), f"  # {text}"
    return (old.start(), old.end(), f"# {text}") if current and current in row else None


def says_the_same(source: Source, one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two texts of a file, or of a cell, by rows, differ in comments only."""
    if source.kind == "shell":
        from loralint.read.scripts import differ_in_comments

        return differ_in_comments(source.path, "\n".join(one), "\n".join(other))
    if source.kind not in ("python", "notebook"):
        return True  # the facts of other kinds are their whole content, and are compared
    first = _tree(one)
    return first is not None and first == _tree(other)


def _tree(rows: Sequence[str]) -> str | None:
    """What a module says, comments aside; lines of IPython say nothing."""
    try:
        return ast.dump(ast.parse(_MAGIC.sub(r"\1pass", "\n".join(rows))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
