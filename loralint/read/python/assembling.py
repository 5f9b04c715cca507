"""Units → a module of LibCST nodes, put together from statements that were parsed one by one.

Blocks are what `units.py` found, statements what LibCST read, each text once. A clause of which
the flow evaluates nothing (`else:`, `except ValueError:`) is not parsed at all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import cache

import libcst as cst

from loralint.read.python.origins import Origin, Text, text_of
from loralint.read.python.statements import ParsedModule, Statement, Statements
from loralint.read.python.units import NotCut, Unit

_NAME = re.compile(r"(?:async\s+)?(?:def|class)\s+(\w+)")
_WITHOUT_EFFECT = frozenset({"pass", "break", "continue", "nonlocal"})
_ANYTHING = cst.Name("BaseException")
_STATEMENTS = Statements()


@dataclass(frozen=True, slots=True)
class Tree:
    """A module; `origins` tell by `id` where its statements come from, `whole` is all of it."""

    module: cst.Module
    whole: Origin
    origins: dict[int, Origin] = field(default_factory=dict)


def whole(module: cst.Module) -> Tree:
    """The tree of a module that LibCST read as a whole."""
    return Tree(module, Origin(ParsedModule(module)))


def assembled(units: Iterable[Unit], lines: Sequence[str]) -> Tree:
    """The tree of a module's units; raises NotCut where their blocks do not add up."""
    assembler = _Assembler(units, lines)
    module = cst.Module(body=assembler.block(None))
    return Tree(module, Origin(ParsedModule(module)), assembler.origins)


class _Assembler:
    def __init__(self, units: Iterable[Unit], lines: Sequence[str]) -> None:
        self.lines = lines
        self.origins: dict[int, Origin] = {}
        self.inside: defaultdict[Unit | None, list[Unit]] = defaultdict(list)
        for unit in units:
            self.inside[unit.parent].append(unit)

    # --- blocks ---

    def block(self, parent: Unit | None) -> list[Statement]:
        """The statements below a header, or those of the module."""
        units = self.inside[parent]
        self._check(parent, units)
        found: list[Statement] = []
        for group in _groups(units):
            statement = self._statement(group)
            if statement is not None:
                found.append(statement)
        return found

    def _check(self, parent: Unit | None, units: list[Unit]) -> None:
        """Whether the units of a block stand below one another."""
        if parent is not None and parent.end == parent.index + 1:
            raise NotCut
        if not units:
            return
        indent = self._indent(units[0])
        if any(self._indent(unit) != indent for unit in units):
            raise NotCut
        if parent is None and indent:
            raise NotCut

    def _indent(self, unit: Unit) -> str:
        return self.lines[unit.first_row - 1][: unit.indent]

    def _suite(self, unit: Unit) -> cst.BaseSuite:
        return cst.IndentedBlock(body=self.block(unit))

    # --- statements ---

    def _statement(self, group: list[Unit]) -> Statement | None:
        head = group[0]
        if head.word == "@" or head.name:
            return self._definition(group)
        if head.word == "if":
            return self._if(group)
        if head.word == "try":
            return self._try(group)
        if head.word == "match":
            return self._match(head)
        if head.opens:
            return self._compound(group)
        if len(group) > 1:
            raise NotCut
        return self._simple(head)

    def _simple(self, unit: Unit) -> Statement | None:
        if unit.word in _WITHOUT_EFFECT or not unit.text.strip('" \t\n\\'):
            return None
        if unit.word == "raise":
            return cst.SimpleStatementLine(body=[cst.Raise()])
        return self._parsed(text_of(unit, self.lines))

    def _parsed(self, text: Text, **changes: object) -> Statement:
        """The node of a statement here, with other fields than it was parsed with."""
        parsed = _STATEMENTS.parsed(text.text)
        node = _copied(parsed.node, changes)
        self.origins[id(node)] = Origin(parsed, text.rows)
        return node

    def _header(self, text: Text, unit: Unit, **changes: object) -> Statement:
        """A compound statement: its header parsed, its block as it was found."""
        if unit.opens:
            changes["body"] = self._suite(unit)
            text = Text(f"{text.text} ...", text.rows)
        return self._parsed(text, **changes)

    def _definition(self, group: list[Unit]) -> Statement:
        """A function or class; its own name is not part of the text, so that more are alike."""
        *decorators, unit = group
        text = text_of(unit, self.lines)
        match = _NAME.match(text.text)
        if match is None:
            raise NotCut
        masked = text.text[: match.start(1)] + "_" * len(match[1]) + text.text[match.end(1) :]
        text = Text(masked, text.rows)
        for decorator in reversed(decorators):
            text = text.below(text_of(decorator, self.lines))
        return self._header(text, unit, name=cst.Name(match[1]))

    def _compound(self, group: list[Unit]) -> Statement:
        """A loop, or a `with`."""
        head, *rest = group
        changes: dict[str, object] = {}
        if head.word in ("for", "while") and len(rest) == 1 and rest[0].word == "else":
            changes["orelse"] = cst.Else(body=self._clause(rest[0]))
        elif rest or head.word not in ("for", "while", "with"):
            raise NotCut
        return self._header(text_of(head, self.lines), head, **changes)

    def _if(self, group: list[Unit]) -> Statement:
        last: Statement | cst.Else | None = None
        for unit in reversed(group):
            if unit.word == "else" and last is None:
                last = cst.Else(body=self._clause(unit))
            elif unit.word in ("if", "elif") and (unit.word == "if") == (unit is group[0]):
                text = text_of(unit, self.lines, len(unit.word) - len("if"))
                last = self._header(text, unit, orelse=last)
            else:
                raise NotCut
        assert isinstance(last, cst.If)
        return last

    def _try(self, group: list[Unit]) -> Statement:
        handlers: list[cst.ExceptHandler] = []
        others: dict[str, cst.BaseSuite] = {}
        for unit in group:
            if unit.word == "except" and not others.keys() & {"else", "finally"}:
                handlers.append(cst.ExceptHandler(body=self._clause(unit), type=_ANYTHING))
            elif unit.word in ("try", "else", "finally") and unit.word not in others:
                others[unit.word] = self._clause(unit)
            else:
                raise NotCut
        orelse = cst.Else(body=others["else"]) if "else" in others else None
        final = cst.Finally(body=others["finally"]) if "finally" in others else None
        if not (handlers or final) or (orelse and not handlers):
            raise NotCut
        return cst.Try(body=others["try"], handlers=handlers, orelse=orelse, finalbody=final)

    def _match(self, unit: Unit) -> Statement:
        cases = self.inside[unit]
        self._check(unit, cases)
        if any(case.word != "case" for case in cases):
            raise NotCut
        nodes = [cst.MatchCase(pattern=cst.MatchAs(), body=self._clause(case)) for case in cases]
        text = text_of(unit, self.lines)
        return self._parsed(Text(f"{text.text}\n case _: ...", (*text.rows, ())), cases=nodes)

    def _clause(self, unit: Unit) -> cst.BaseSuite:
        """The body of a clause that has no value."""
        if unit.opens:
            return self._suite(unit)
        colon = _colon(unit)
        text = text_of(unit, self.lines, colon + 1 - unit.indent)
        blanks = len(text.text) - len(text.text.lstrip())
        return cst.IndentedBlock(
            body=[self._parsed(text_of(unit, self.lines, colon + 1 - unit.indent + blanks))]
        )


def _groups(units: list[Unit]) -> list[list[Unit]]:
    """Decorators with what they decorate, and clauses with the statement that they belong to."""
    groups: list[list[Unit]] = []
    decorated = False
    for unit in units:
        if decorated or (unit.continues and groups):
            groups[-1].append(unit)
        else:
            groups.append([unit])
        if decorated and not (unit.word == "@" or unit.name):
            raise NotCut
        decorated = unit.word == "@"
    if decorated:
        raise NotCut
    return groups


def _colon(unit: Unit) -> int:
    """Where the header of a clause with its body in the same row ends."""
    depth = 0
    for position, character in enumerate(unit.text):
        depth += (character in "([{") - (character in ")]}")
        if character == ":" and depth == 0 and unit.first_row == unit.last_row:
            return position
    raise NotCut


def _copied(node: Statement, changes: dict[str, object]) -> Statement:
    """The same node again, an object of its own: what it is made of is shared.

    LibCST's `with_changes` would validate all of it anew.
    """
    copy: Statement = object.__new__(type(node))
    for name in _fields(type(node)):
        object.__setattr__(copy, name, changes[name] if name in changes else getattr(node, name))
    return copy


@cache
def _fields(kind: type[Statement]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))
