"""The words of a module's lists, with those of the lists that they are put together of.

What nobody can tell may be any number of words.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace

from loralint.facts import Known, Unknown, Value
from loralint.read.python.texts import UNKNOWN, called, pieces, split_text, text
from loralint.read.python.word_lists import Scope, WordList, key_of
from loralint.read.words import Word, joined, text_of
from loralint.source import Span

MAX_WORDS = 200
Spans = Callable[[ast.expr], Span]


class Words:
    """The words of the lists of one module; `parts` tells which lists each is made of."""

    def __init__(self, span: Spans) -> None:
        self.span = span
        self.parts: dict[int, list[WordList]] = {}
        self._known: dict[int, list[Word]] = {}

    def of(self, one: WordList) -> list[Word]:
        """The words of a list: what it is made of, and what is added to it."""
        if id(one) not in self._known:
            self._known[id(one)] = []  # of one that holds itself
            found = self._several(one.node, one.scope, one)
            for each in one.added:
                if each.single:
                    more = [self._word(each.node, each.scope)]
                else:
                    more = self._several(each.node, each.scope, one)
                found += [replace(word, optional=True) for word in more] if each.optional else more
            if one.open:
                found.append(Word(UNKNOWN, self.span(one.place), open=True))
            self._known[id(one)] = found[: MAX_WORDS + 1]
        return self._known[id(one)]

    def _several(self, node: ast.expr, scope: Scope, of: WordList) -> list[Word]:
        """The words that are put into a list; one that may be several where nobody can tell."""
        found = self._items(node, scope, of)
        return found if found is not None else [Word(UNKNOWN, self.span(node), open=True)]

    def _items(self, node: ast.expr, scope: Scope, of: WordList) -> list[Word] | None:
        found: list[Word] | None = None
        match node:
            case ast.List(elts=items) | ast.Tuple(elts=items):
                found = [word for each in items for word in self._item(each, scope, of)]
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                found = [*self._several(left, scope, of), *self._several(right, scope, of)]
            case ast.IfExp(body=body, orelse=other):
                both = [*self._several(body, scope, of), *self._several(other, scope, of)]
                found = [replace(word, optional=True) for word in both]
            case ast.Name() | ast.Attribute():
                found = self._held(key_of(node), scope, of)
            case ast.Call(args=[given]) if called(node) in ("list", "tuple"):
                found = self._items(given, scope, of)
            case ast.Call(func=ast.Attribute(value=owner, attr="copy"), args=[]):
                found = self._items(owner, scope, of)
            case ast.Call() if (line := split_text(node)) is not None:
                found = _split(pieces(line, scope.names), self.span(node))
        return found

    def _item(self, node: ast.expr, scope: Scope, of: WordList) -> list[Word]:
        if isinstance(node, ast.Starred):
            return self._several(node.value, scope, of)
        return [self._word(node, scope)]

    def _held(self, name: str, scope: Scope, of: WordList) -> list[Word] | None:
        """The words of the list that a name holds, where it is one."""
        found = of.held.get(name) or scope.held(name)
        self.parts.setdefault(id(of), []).extend(found)
        return self.of(found[0]) if len(found) == 1 and found[0] is not of else None

    def _word(self, node: ast.expr, scope: Scope) -> Word:
        value = text(node, scope.names)
        lead = text_of(value) or ""
        if not lead and isinstance(node, ast.JoinedStr) and node.values:
            first = node.values[0]
            lead = str(first.value) if isinstance(first, ast.Constant) else ""
        return Word(value, self.span(node), lead)


# --- texts that are cut into words --------------------------------------------------------------

_HOLE = re.compile("(\ue000[0-9]+\ue001)")
"""Stands in a text for a part that is not certain."""


def _split(parts: list[Value], span: Span) -> list[Word] | None:
    """The words of a text; what is not known in it may be several."""
    holes: Mapping[str, Value] = {
        f"\ue000{number}\ue001": part
        for number, part in enumerate(parts)
        if not isinstance(part, Known)
    }
    whole = "".join(
        str(part.value) if isinstance(part, Known) else f"\ue000{number}\ue001"
        for number, part in enumerate(parts)
    )
    try:
        words = shlex.split(whole)
    except ValueError:
        return None
    found: list[Word] = []
    for word in words:
        value = joined([holes.get(each, Known(each)) for each in _HOLE.split(word) if each])
        lead = _HOLE.split(word)[0]
        found.append(Word(value, span, lead, open=isinstance(value, Unknown)))
    return found
