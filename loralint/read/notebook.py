"""One notebook → its facts.

The code cells are joined into one module, so that names go from cell to cell in the order of the
page; every position is then traced back to its cell and its row in there. A cell that does not
parse is left out and reported, and hides no other.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from loralint.facts import FileError, FileFacts
from loralint.read import magics
from loralint.read.cells import LONGEST, Cell, NotANotebook, Notebook, read
from loralint.read.magics import Parts, Shell, Written
from loralint.read.python.joining import Joined, Piece, apart
from loralint.source import START, Source

_SHELLS = frozenset({"shellscript", "bash", "sh"})


def extract(source: Source, *, whole: bool = False) -> FileFacts:
    """Read one notebook; what is none gives facts with an error."""
    try:
        notebook = read(source.content)
    except NotANotebook as error:
        return FileFacts(path=source.path, error=FileError(str(error), START))
    pieces: list[Piece] = []
    files: list[Piece] = []
    errors: list[FileError] = []
    shell: list[tuple[int, Shell]] = []
    for cell, parts in _taken_apart(source.path, notebook):
        if len(cell.text) > LONGEST:
            errors.append(FileError("longer than a million characters", START, cell.number))
        else:
            pieces.append(Piece(cell.number, parts.python, parts.lenient))
            files += (
                apart(cell.number, f"__file_{cell.number}__", file.rows)
                for file in parts.written
                if file.path.endswith(".py")
            )
            shell.extend((cell.number, command) for command in parts.shell)
    pieces += files
    facts = _module(source.path, pieces, errors, whole=whole)
    if shell:
        from loralint.read.notebook_shell import with_commands

        facts = with_commands(facts, shell, "".join(piece.text for piece in pieces))
    return _with_errors(facts, errors)


def commands(source: Source) -> Iterator[tuple[int, Shell]]:
    """The shell commands of a notebook, each with its cell, in order."""
    for cell, parts in _parts(source):
        yield from ((cell.number, command) for command in parts.shell)


def written(source: Source) -> Iterator[tuple[int, Written]]:
    """The files that `%%writefile` makes, each with its cell."""
    for cell, parts in _parts(source):
        yield from ((cell.number, file) for file in parts.written)


def _parts(source: Source) -> Iterator[tuple[Cell, Parts]]:
    try:
        yield from _taken_apart(source.path, read(source.content))
    except NotANotebook:
        return


def _taken_apart(path: str, notebook: Notebook) -> Iterator[tuple[Cell, Parts]]:
    for cell in notebook.cells if notebook.is_python else ():
        if cell.kind != "code":
            continue
        if len(cell.text) > LONGEST or (cell.language and cell.language not in _SHELLS):
            yield cell, Parts()
        elif cell.language:
            yield cell, Parts(shell=[Shell(cell.text, 1)])
        else:
            yield cell, magics.read(cell.text, path)


def _module(path: str, pieces: list[Piece], errors: list[FileError], *, whole: bool) -> FileFacts:
    """The facts of the cells that parse; the others add to `errors`."""
    from loralint.read.python.module import module
    from loralint.read.python.parsing import NotPython

    joined = Joined(_sound(pieces, errors))
    try:
        return joined.traced(module(path, joined.text, whole=whole, places=joined.places))
    except NotPython as error:  # too deep for all the cells together
        errors.append(FileError(error.message, START))
        return FileFacts(path=path)


def _sound(pieces: list[Piece], errors: list[FileError]) -> Iterator[Piece]:
    for piece in pieces:
        error = piece.error()
        if error is None:
            yield piece
        elif not piece.lenient and piece.names_a_loader:
            errors.append(error)


def _with_errors(facts: FileFacts, errors: list[FileError]) -> FileFacts:
    if not errors:
        return facts
    ordered = sorted(errors, key=lambda error: error.cell or 0)
    return msgspec.structs.replace(facts, error=ordered[0], further_errors=tuple(ordered[1:]))
