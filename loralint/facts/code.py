"""What happens in a Python file: calls, functions, classes, comments that silence."""

from __future__ import annotations

from loralint.facts.terms import ABSENT, Argument, Fact, Scalar, Stop, Term
from loralint.source import Span


class Guard(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A condition that a call stands under: on its branch `test` is true (`holds`), or is not.

    With `values` the test compares: it is true where `test` is one of them. `branch` is the number
    of the statement in its file.
    """

    test: Term
    holds: bool
    branch: int
    values: tuple[Scalar, ...] | None = None


class CallFact(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A call that may matter, in source order.

    `function` is the qualified name of the function it stands in ("" for the module, methods as
    `Class.method`); `text` is the call's source, white space folded, at most 200 characters;
    `discarded` tells that the call is a statement of its own; `cell` is the notebook cell.
    How it is laid out is read again where it is flagged (`read.flagged`). `guards` are the
    conditions that it stands under, where those are options or names, and not computed.

    `blocks` are the branches of its function that it stands in, from the outside in, each with a
    number of its own; that of a loop's body is negative. `kept` tells that its result goes into a
    collection or onto an object, `renewed` which loops give the name that holds it another value.
    """

    span: Span
    callee: Term
    arguments: tuple[Argument, ...]
    function: str = ""
    text: str = ""
    discarded: bool = False
    cell: int | None = None
    guards: tuple[Guard, ...] = ()
    blocks: tuple[int, ...] = ()
    kept: bool = False
    renewed: tuple[int, ...] = ()


class ParameterFact(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A parameter of a function; `default` is Absent for a required one.

    `kind` is "" (ordinary), "keyword" (keyword-only), "*" or "**". `annotation` is what the
    type annotation stands for (the class of a dataclass-typed parameter), or Absent.
    """

    name: str
    default: Term = ABSENT
    kind: str = ""
    annotation: Term = ABSENT


class FunctionFact(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A function or method that may matter; `returns` is a Choice where it returns differently."""

    name: str
    parameters: tuple[ParameterFact, ...]
    returns: Term
    decorators: tuple[Term, ...] = ()
    class_: str = ""
    at: Stop | None = None


class FieldFact(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A class attribute or annotated field: its default (Absent where it has none)."""

    name: str
    default: Term
    annotation: Term = ABSENT


class ClassFact(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A class that may matter.

    `fields` are set in its body, `attributes` on `self` in its methods (a Choice where methods
    set different ones).
    """

    name: str
    bases: tuple[Term, ...]
    fields: tuple[FieldFact, ...]
    attributes: tuple[tuple[str, Term], ...]
    decorators: tuple[Term, ...] = ()
    at: Stop | None = None


class Suppression(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """A comment that silences findings: names, codes or prefixes as written.

    `first_row` to `last_row` is what it covers; `span` is the comment's own, for LOR002's fix. A
    comment that is meant to silence something and is written in another way has no selectors.
    """

    selectors: tuple[str, ...]
    first_row: int
    last_row: int
    span: Span
    whole_file: bool = False
    cell: int | None = None
    noqa: bool = False


class FileError(Fact, frozen=True, tag=True, array_like=True, gc=False):
    """Why a file, or a notebook's cell, could not be understood (LOR001)."""

    message: str
    span: Span
    cell: int | None = None
