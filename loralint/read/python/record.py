"""Collect what one module says while its flow is followed."""

from __future__ import annotations

import ast
from collections.abc import Sequence as Several
from dataclasses import dataclass, field

import msgspec

from loralint.catalog import METHODS
from loralint.catalog.words import ENGINE_REVISION, ENGINE_VARIABLE
from loralint.facts import (
    ABSENT,
    EACH,
    Absent,
    Argument,
    Attribute,
    CallFact,
    ClassFact,
    Data,
    FunctionFact,
    Guard,
    Known,
    LoadSite,
    Mapping,
    Reason,
    Result,
    RevisionKey,
    Sequence,
    Stop,
    Symbol,
    Term,
    Unknown,
    Writing,
    parts_of,
)
from loralint.source import Location, Span

MAX_TEXT = 200
"""How many characters of a call's source are kept."""

Places = Several[tuple[int | None, int]]
"""For each row of a text the cell and the row that it stands in."""

MAX_LOOKED_AT = 200
"""How many parts of a term are looked at for what it is made of."""

_MERGING = frozenset({"merge", "unsafe_merge"})


def _is_guarded(callee: Term) -> bool:
    """Whether it matters of a call under which conditions it stands: whether it may be done."""
    if isinstance(callee, Attribute):
        return callee.name in METHODS
    if not isinstance(callee, Symbol):
        return False
    own = not callee.module or callee.module.startswith(".")
    return own or callee.name.rpartition(".")[2] in METHODS


Branch = tuple[int, ...]
"""Which branches something stands in, from the outside in, each with a number of its own.

That of a loop's body is negative.
"""


def _contains(term: Term, part: Term) -> bool:
    todo = [term]
    for _ in range(MAX_LOOKED_AT):
        if not todo:
            return False
        each = todo.pop()
        if each == part:
            return True
        todo += parts_of(each)
    return False


@dataclass(slots=True)
class Record:
    """The facts of one module, growing; `rows` are those of its text.

    `places` are those of the rows where they stand elsewhere: in the cells of a notebook.
    `literals` tell which literal a constant was read from; it is found again by its identity.
    `guards` are the conditions of the branch that is followed just now.
    """

    rows: list[str]
    places: Places | None = None
    calls: list[CallFact] = field(default_factory=list)
    functions: dict[int, FunctionFact] = field(default_factory=dict)
    classes: dict[int, ClassFact] = field(default_factory=dict)
    imports: dict[str, None] = field(default_factory=dict)
    star_imports: dict[str, None] = field(default_factory=dict)
    attributes: dict[str, dict[str, list[Term]]] = field(default_factory=dict)
    rebound: dict[str, list[Term]] = field(default_factory=dict)
    loads: list[LoadSite] = field(default_factory=list)
    literals: dict[int, tuple[Known, ast.Constant]] = field(default_factory=dict)
    branch: Branch = ()
    _branches: int = 0
    _bodies: int = 0
    _kept: set[int] = field(default_factory=set)
    _renewed: dict[int, tuple[int, ...]] = field(default_factory=dict)
    guards: tuple[Guard, ...] = ()
    _defined: dict[str, list[tuple[int, Branch]]] = field(default_factory=dict)
    _definitions: int = 0

    def call(
        self,
        node: ast.expr,
        callee: Term,
        arguments: tuple[Argument, ...],
        function: str,
        *,
        discarded: bool = False,
    ) -> Result:
        """Record a call and return what stands for its result."""
        span = self.span(node)
        text = " ".join(self.written(span).split())[:MAX_TEXT]
        guards = self.guards if self.guards and _is_guarded(callee) else ()
        blocks = self.branch[1:] if function else self.branch
        self.calls.append(
            CallFact(
                span,
                callee,
                arguments,
                function,
                text,
                discarded,
                guards=guards,
                blocks=blocks,
            )
        )
        return Result(len(self.calls) - 1)

    def merge_all(self, result: Result, before: Term, element: Term) -> bool:
        """Hand every element of a loop to a call that merges each into what was before."""
        call = self.calls[result.call]
        name = call.callee.name if isinstance(call.callee, Symbol) else ""
        if name.rpartition(".")[2] not in _MERGING:
            return False
        inside = [_contains(given.value, element) for given in call.arguments]
        if not any(inside) or all(given.value != before for given in call.arguments):
            return False
        arguments = tuple(
            Argument(given.value, None, EACH) if of_element else given
            for given, of_element in zip(call.arguments, inside, strict=True)
        )
        self.calls[result.call] = msgspec.structs.replace(call, arguments=arguments)
        return True

    # --- where calls stand, and what becomes of their results ---

    def enter(self) -> None:
        """Begin a function's body: a branch of its own, whose branches are counted anew."""
        self._bodies += 1
        self._branches = 0
        self.branch = (self._bodies,)

    def nested(self, outer: Branch, *, loop: bool = False) -> Branch:
        """A new branch inside another one."""
        self._branches += 1
        return (*outer, -self._branches if loop else self._branches)

    def keep(self, value: Term) -> None:
        """Note that a value goes into a collection or onto an object, where a call made it."""
        if isinstance(value, Result):
            self._kept.add(value.call)
        elif isinstance(value, Sequence):
            for item in value.items:
                self.keep(item)
        elif isinstance(value, Mapping):
            for _, item in value.entries:
                self.keep(item)

    def renew(self, before: dict[str, Term], after: dict[str, Term], loop: int) -> None:
        """Note which results have lost a name between the begin and the end of a loop's body."""
        for name, term in before.items():
            if isinstance(term, Result) and after.get(name) is not term:
                self._renewed[term.call] = (*self._renewed.get(term.call, ()), loop)

    @property
    def completed(self) -> tuple[CallFact, ...]:
        """The calls, with what became of their results."""
        calls = list(self.calls)
        for number in sorted(self._kept | self._renewed.keys()):
            calls[number] = msgspec.structs.replace(
                calls[number],
                kept=number in self._kept,
                renewed=self._renewed.get(number, ()),
            )
        return tuple(calls)

    def engine(self, node: ast.Dict, mapping: Mapping) -> None:
        """Record the model that an endpoint is told to load by its environment."""
        given = dict(mapping.entries)
        repo_id = given.get(ENGINE_VARIABLE)
        if not isinstance(repo_id, Known) or not isinstance(repo_id.value, str):
            return
        at = next(
            value
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant) and key.value == ENGINE_VARIABLE
        )
        revision = given.get(ENGINE_REVISION, ABSENT)
        is_known = isinstance(revision, (Known, Absent)) and None not in given
        self.loads.append(
            LoadSite(
                path="",
                span=self.span(at),
                artifact="engine",
                loader=ENGINE_VARIABLE,
                repo_id=repo_id,
                revision=revision if is_known else Unknown(Reason.EXPRESSION, "an expression"),  # type: ignore[arg-type]
                revision_key=RevisionKey(ENGINE_REVISION),
                stage="infer",
                writing=Writing.RECIPE,
            )
        )

    def attribute(self, class_: str, name: str, term: Term) -> None:
        """Note that a method of `class_` sets `self.name`."""
        self.attributes.setdefault(class_, {}).setdefault(name, []).append(term)

    def reads_file(self, term: Term) -> bool:
        """Whether a term is made of what stands in a file."""
        todo, calls = [term], set[int]()
        for _ in range(MAX_LOOKED_AT):
            if not todo:
                return False
            each = todo.pop()
            if isinstance(each, Data):
                return True
            if isinstance(each, Result) and each.call not in calls:
                calls.add(each.call)
                called = self.calls[each.call]
                todo += [called.callee, *(given.value for given in called.arguments)]
            todo += parts_of(each)
        return False

    # --- definitions ---

    def define(self, name: str, branch: Branch) -> int:
        """The number of a new definition of a qualified name.

        It takes the place of those that stand in its branch, and leaves those of others, whose
        meaning the name may have as well.
        """
        earlier = self._defined.get(name, [])
        kept = [one for one in earlier if one[1][: len(branch)] != branch]
        for one in earlier:
            if one not in kept:
                self.functions.pop(one[0], None)
                self.classes.pop(one[0], None)
        self._definitions += 1
        number = self._definitions
        self._defined[name] = [*kept, (number, branch)]
        return number

    # --- places ---

    def stop(self, node: ast.expr | ast.stmt) -> Stop:
        """The row of a node, in its cell."""
        if self.places is None:
            return Stop(node.lineno)
        cell, row = self.places[min(node.lineno, len(self.places)) - 1]
        return Stop(row, cell)

    def span(self, node: ast.expr | ast.stmt) -> Span:
        """Where a node stands, without parentheses around it."""
        end_row, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return Span(self._location(node.lineno, node.col_offset), self._location(end_row, end))

    def _location(self, row: int, offset: int) -> Location:
        text = self.rows[row - 1]
        if not text.isascii():  # offsets count bytes of UTF-8
            offset = len(text.encode()[:offset].decode(errors="replace"))
        return Location(row, offset + 1)

    def written(self, span: Span) -> str:
        """What stands in a span."""
        rows = self.rows[span.start.row - 1 : span.end.row]
        if not rows:
            return ""
        rows[-1] = rows[-1][: span.end.column - 1]
        rows[0] = rows[0][span.start.column - 1 :]
        return "\n".join(rows)

    def inside(self, known: Known) -> Span | None:
        """Where a constant's text stands, between its quotes; None where it is no plain literal."""
        found = self.literals.get(id(known))
        if found is None:
            return None
        span = self.span(found[1])
        if known.value is None:
            return span
        written = self.written(span)
        for quote in ('"', "'", '"""', "'''"):
            if written == f"{quote}{known.value}{quote}":
                start, end, size = span.start, span.end, len(quote)
                return Span.of(start.row, start.column + size, end.row, end.column - size)
        return None
