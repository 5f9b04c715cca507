"""Calls that a rule flags, each read once more by LibCST, by itself and as it is written.

The front end reads whole files and keeps what calls mean. What only a flagged call has to tell is
read here from its own text: that it is the call which the facts took it for, which keywords stand
in it and which do not, where one goes in and what is to be cut to take one out. Cells of a notebook
are Python like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

import msgspec

from loralint.facts import CallFact
from loralint.read.call_form import call_form
from loralint.read.importing import python_rows
from loralint.read.magics import Row
from loralint.read.python.newer import is_deep
from loralint.source import Location, Place, Source, Span

if TYPE_CHECKING:
    import libcst as cst

MAX_TEXT = 200
"""How many characters of a call's text the facts keep."""

_SURELY_SHALLOW = 400
"""Characters in which nothing lies deeper than LibCST can be given."""

MAX_CODE = 1_000
"""A value of more characters is not written anew."""


class WrittenKeyword(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A keyword argument as it is written.

    `span` holds name and value, `code` is the value's source. `removal` is what to cut to take the
    argument away; None where a comment would go too.
    """

    name: str
    span: Span
    code: str
    removal: Span | None = None


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A call on one row: the row, what lies between the brackets, and the arguments in it."""

    row: str
    inside: Span
    arguments: tuple[str, ...]


class WrittenCall(msgspec.Struct, frozen=True, array_like=True, gc=False, kw_only=True):
    """A call as it is written; `text` is "" where LibCST reads no such thing there.

    `form` is what stays of it when somebody lays it out anew. Another keyword goes to `insert_at`,
    between the two `margins`: None for a dict that a framework calls later. `bare` is a generator
    that then needs parentheses of its own. `line` is there for a call on one row.
    """

    span: Span
    cell: int | None = None
    text: str = ""
    form: str = ""
    keywords: tuple[WrittenKeyword, ...] = ()
    insert_at: Span | None = None
    margins: tuple[str, str] = ("", "")
    bare: Span | None = None
    line: Line | None = None

    def keyword(self, name: str) -> WrittenKeyword | None:
        """The keyword argument of a name."""
        return next((one for one in self.keywords if one.name == name), None)

    def confirms(self, fact: CallFact) -> bool:
        """Whether this is the call that the facts took it for: callee, and which keywords."""
        if not self.text or self.text != fact.text:
            return False
        said = {given.name for given in fact.arguments if given.name is not None}
        return self.insert_at is None or {one.name for one in self.keywords} <= said | {"type"}


def written_calls(source: Source, places: Iterable[Place]) -> Iterator[WrittenCall]:
    """The calls at some places of a file, in the order of the places."""
    codes: dict[int | None, _Code] = {}
    for place in places:
        if place.cell not in codes:
            codes[place.cell] = _Code(python_rows(source, place.cell))
        yield _written(codes[place.cell], place)


class _Code:
    """Rows of Python, and where they stand in their file or cell."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.lines = [row.text for row in rows]
        self._rows = rows
        self._numbers = {row.row: number for number, row in enumerate(rows, 1)}

    def inside(self, span: Span) -> Span | None:
        """A span of the file in these rows; None where one of them is not here."""
        rows = (self._numbers.get(at.row) for at in (span.start, span.end))
        first, last = rows
        if first is None or last is None:
            return None
        start = Location(first, span.start.column - self._rows[first - 1].shift)
        return Span(start, Location(last, span.end.column - self._rows[last - 1].shift))

    def outside(self, span: Span) -> Span:
        """A span of these rows in the file; below the last one there may be one more."""
        return Span(self._outside(span.start), self._outside(span.end))

    def _outside(self, at: Location) -> Location:
        if at.row > len(self._rows):
            return Location(self._rows[-1].row + 1, at.column)
        row = self._rows[at.row - 1]
        return Location(row.row, at.column + row.shift)

    def text(self, span: Span) -> str:
        """What stands in a span of these rows."""
        rows = self.lines[span.start.row - 1 : span.end.row]
        if not rows:
            return ""
        rows[-1] = rows[-1][: span.end.column - 1]
        rows[0] = rows[0][span.start.column - 1 :]
        return "\n".join(rows)


class _Piece(NamedTuple):
    """An argument: what LibCST reads, where it stands, and its text up to the comma."""

    node: cst.Arg
    span: Span
    text: str


def _written(code: _Code, place: Place) -> WrittenCall:
    """One call; with no text where LibCST reads none there."""
    nothing = WrittenCall(span=place.span, cell=place.cell)
    span = code.inside(place.span)
    if span is None:
        return nothing
    source = code.text(span)
    text = " ".join(source.split())[:MAX_TEXT]
    pieces = _pieces(source, span.start)
    if pieces is None:
        is_display = source.startswith("{") and source.endswith("}")
        return (
            msgspec.structs.replace(nothing, text=text, form=call_form(source))
            if is_display
            else nothing
        )
    insert_at, margins = _insertion(code.lines, span, pieces[-1].span if pieces else None)
    bare = _bare_generator(pieces)
    return WrittenCall(
        span=place.span,
        cell=place.cell,
        text=text,
        form=call_form(source),
        keywords=tuple(_keywords(code, pieces)),
        insert_at=code.outside(insert_at),
        margins=margins,
        bare=code.outside(bare) if bare is not None else None,
        line=_line(code, span, pieces),
    )


def _line(code: _Code, span: Span, pieces: Sequence[_Piece]) -> Line | None:
    """What of a call stands on its one row; None where it has several, or no arguments."""
    if span.start.row != span.end.row or not pieces:
        return None
    row = code.lines[span.start.row - 1]
    opening = row.rindex("(", 0, pieces[0].span.start.column - 1)
    end = Location(span.end.row, span.end.column - 1)
    inside = code.outside(Span(Location(span.start.row, opening + 2), end))
    return Line(row, inside, tuple(piece.text for piece in pieces))


def _pieces(source: str, start: Location) -> list[_Piece] | None:
    """The arguments of the call that a text is; None where LibCST reads no call, or another one.

    It is read in parentheses: it may stand in some, and then go over several rows without any.
    """
    if len(source) > _SURELY_SHALLOW and is_deep(f"({source})"):
        return None
    import libcst as cst

    try:
        node = cst.parse_expression(f"({source})")
    except (cst.ParserSyntaxError, RecursionError):
        return None
    if not isinstance(node, cst.Call):
        return None
    code_of = cst.Module([]).code_for_node

    def written(part: cst.CSTNode) -> str:
        return part.value if isinstance(part, cst.SimpleWhitespace) else code_of(part)

    callee = (*node.lpar[1:], node.func, node.whitespace_after_func)
    parts = [*map(written, callee), "(", written(node.whitespace_before_args)]
    offset = sum(map(len, parts))
    pieces = []
    for argument in node.args:
        whole = written(argument)
        after = len(written(argument.whitespace_after_arg))
        if isinstance(argument.comma, cst.Comma):
            around = (argument.comma.whitespace_before, argument.comma.whitespace_after)
            after += sum(len(written(each)) for each in around) + 1
        text = whole[: len(whole) - after]
        span = Span(_at(source, offset, start), _at(source, offset + len(text), start))
        pieces.append(_Piece(argument, span, text))
        parts.append(whole)
        offset += len(whole)
    return pieces if "".join((*parts, ")", *map(written, node.rpar[:-1]))) == source else None


def _at(source: str, offset: int, start: Location) -> Location:
    """Where an offset lies in a text that begins at `start`."""
    row = source.count("\n", 0, offset)
    if not row:
        return Location(start.row, start.column + offset)
    return Location(start.row + row, offset - source.rfind("\n", 0, offset))


def _keywords(code: _Code, pieces: Sequence[_Piece]) -> Iterator[WrittenKeyword]:
    before: Span | None = None
    for piece in pieces:
        gone = None
        if piece.node.keyword is not None:
            gone = _removal(code, piece.span, before)
            removal = code.outside(gone) if gone is not None else None
            code_of = piece.text.partition("=")[2].strip()
            fitting = code_of if len(code_of) <= MAX_CODE else ""
            span = code.outside(piece.span)
            name = normalize("NFKC", piece.node.keyword.value)  # as Python takes it (PEP 3131)
            yield WrittenKeyword(name, span, fitting, removal)
        before = piece.span if gone is None or gone.end == piece.span.end else None


def _bare_generator(pieces: Sequence[_Piece]) -> Span | None:
    """A generator that is the only argument and has no parentheses of its own."""
    import libcst as cst

    value = pieces[0].node.value if len(pieces) == 1 else None
    is_bare = isinstance(value, cst.GeneratorExp) and not value.lpar
    return pieces[0].span if is_bare else None


# --- where an argument goes in or out -----------------------------------------------------------

_ENDS_WITH_COMMA = re.compile(r"[ \t]*,[ \t]*(?:#.*)?$")
_ENDS_ROW = re.compile(r"[ \t]*,?[ \t]*")
_COMMA = re.compile(r"\s*,\s*")


def _insertion(lines: list[str], call: Span, last: Span | None) -> tuple[Span, tuple[str, str]]:
    """The place of another argument, behind the last one, and its margins.

    As the call is laid out: an argument on a row of its own is followed by one on a row of its own,
    behind the comment there may be; a trailing comma stays one.
    """
    if last is None:
        at = Location(call.end.row, call.end.column - 1)
        return Span(at, at), ("", "")
    row = lines[last.end.row - 1]
    before = lines[last.start.row - 1][: last.start.column - 1]
    rest = row[last.end.column - 1 :]
    if before.strip():
        return Span(last.end, last.end), (", ", "")
    if _ENDS_WITH_COMMA.match(rest):
        at = Location(last.end.row, len(row) + 1)
        return Span(at, at), (f"\n{before}", ",")
    margins = (", ", "") if "#" in rest or "," in rest else (f",\n{before}", "")
    return Span(last.end, last.end), margins


def _removal(code: _Code, argument: Span, before: Span | None) -> Span | None:
    """The argument with the comma before it, or the rows that hold nothing else.

    `before` is the argument in front. None where a comment would go too, or where none is.
    """
    start, end = argument.start, argument.end
    if before is not None and _COMMA.fullmatch(code.text(Span(before.end, start))):
        return Span(before.end, end)
    head = code.lines[start.row - 1][: start.column - 1]
    rest = code.lines[end.row - 1][end.column - 1 :]
    if not head.strip() and _ENDS_ROW.fullmatch(rest):
        return Span(Location(start.row, 1), Location(end.row + 1, 1))
    return None
