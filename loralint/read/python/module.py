"""One Python module → its facts."""

from __future__ import annotations

import ast
import re

import msgspec

from loralint.facts import FileError, FileFacts
from loralint.literals import with_literals
from loralint.read import comments, magics
from loralint.read.python import started, terms
from loralint.read.python.flow import Flow
from loralint.read.python.frames import Frame, is_name
from loralint.read.python.joining import Joined, Piece
from loralint.read.python.parsing import (
    TOO_DEEP,
    NotPython,
    coding,
    decode,
    parse,
    rows,
    uncollected,
)
from loralint.read.python.record import Places, Record
from loralint.read.python.relevance import skipped
from loralint.source import START, Source, Span

__all__ = ["coding", "extract", "module"]


def extract(source: Source, *, whole: bool = False) -> FileFacts:
    """Read one module; a file that does not parse gives facts with an error."""
    try:
        text = decode(source.content)
    except (UnicodeDecodeError, LookupError) as error:
        return _failed(source.path, NotPython(f"not readable as text: {error}"))
    try:
        return module(source.path, text, whole=whole)
    except NotPython as error:
        if _MAGIC.search(text) is not None:
            return _with_magics(source.path, text, error, whole=whole)
        return _failed(source.path, error)


_MAGIC = re.compile(r"^[ \t]*(?:\w+\s*=\s*)?[%!]{1,2}\w", re.MULTILINE)


def _with_magics(path: str, text: str, error: NotPython, *, whole: bool) -> FileFacts:
    """The facts of a script of Databricks or Colab, with rows as a notebook has them."""
    parts = magics.read("\n".join(rows(text)), path)
    piece = Piece(None, parts.python)
    problem = piece.error()
    if problem is not None:
        is_further = problem.span.start.row > error.row
        return FileFacts(path=path, error=problem) if is_further else _failed(path, error)
    joined = Joined([piece])
    facts = joined.traced(module(path, joined.text, whole=whole, places=joined.places))
    if parts.shell:
        from loralint.read.notebook_shell import with_commands

        facts = with_commands(facts, ((None, each) for each in parts.shell), joined.text)
    return facts


def module(path: str, text: str, *, whole: bool = False, places: Places | None = None) -> FileFacts:
    """The facts of a module's text; raises NotPython where that is none.

    `places` are those of its rows, where the file has them in cells or among other rows.
    `whole` follows also the functions of a large module that seem to have nothing to do with it.
    """
    tree = parse(text)
    lines = rows(text)
    try:
        with uncollected():
            record = Record(lines, places)
            return _facts(path, text, record, tree, whole=whole)
    except RecursionError:
        raise NotPython(TOO_DEEP) from None


def _failed(path: str, error: NotPython) -> FileFacts:
    first = error.message.strip().splitlines()[0] if error.message.strip() else "cannot be parsed"
    at = (error.row, error.column)
    span = Span.of(*at, at[0], at[1] + 1) if at != (1, 1) else START
    return FileFacts(path=path, error=FileError(first, span))


def _facts(path: str, text: str, record: Record, tree: ast.Module, *, whole: bool) -> FileFacts:
    frame = Frame()
    defined = frozenset(
        statement.name
        for statement in tree.body
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    )
    passed_over = frozenset[int]() if whole else skipped(tree, text, record.rows)
    Flow(record, frame, defined, passed_over).module_body(tree)
    facts = FileFacts(
        path=path,
        calls=record.completed,
        functions=tuple(record.functions.values()),
        classes=tuple(
            msgspec.structs.replace(
                fact,
                attributes=tuple(
                    (name, terms.choice(values))
                    for name, values in record.attributes.get(fact.name, {}).items()
                ),
            )
            for fact in record.classes.values()
        ),
        names=tuple(
            # What functions rebind is a further choice.
            (name, terms.choice((term, *record.rebound.get(name, ()))))
            for name, term in frame.names.items()
            if is_name(name)
        ),
        imports=tuple(record.imports),
        loads=tuple(msgspec.structs.replace(load, path=path) for load in record.loads),
        star_imports=tuple(record.star_imports),
        suppressions=comments.of_python(text, [call.span for call in record.calls]),
    )
    facts = with_literals(facts, record.inside)
    if started.may_start(text):
        return started.with_started(facts, tree, record)
    return facts
