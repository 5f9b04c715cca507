"""A module as units: its logical lines, with the blocks they open.

Found from indentation and brackets in the masked text, whatever the Python version: LibCST, which
needs a hundred times as long, then reads only what a slice of the units keeps. Whether that was
cut rightly is LibCST's to say: a slice that does not parse is dropped and the whole is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ASSIGNED = re.compile(
    r"\s*((?:self\.)?[\w.]+(?:\[[^=]*\])?(?:\s*,\s*\*?[\w.]+)*|\([\w\s,.]+\))\s*"
    r"(?::[^=]+)?(?:=(?!=)|\+=|\|=|/=)"
)
_CHANGED = re.compile(r"\s*([\w.]+)\.(?:update|setdefault|add_argument|set_defaults)\s*\(")
_FOR = re.compile(r"\s*(?:async\s+)?for\s+(.+?)\s+in\b", re.DOTALL)
_AS = re.compile(r"\bas\s+(\w+)")
_NAME = re.compile(r"self\.\w+|[^\W\d]\w*")


_SIMPLE = frozenset({"import", "from", "return", "raise", "@", "def", "class", "assert", "del"})


class NotCut(Exception):
    """The text's brackets or indentation do not add up: it has to be read whole."""


@dataclass(slots=True, eq=False)
class Unit:
    """A logical line: a simple statement, or the header of a block.

    `indent` is its depth in characters, `word` its first word ("" for an expression), `name` what
    a `def` or `class` defines; `parent` is the header of the block that it stands in. `end` is
    the index of the first unit after its block; `opens` tells that a block follows.
    """

    index: int
    first_row: int
    last_row: int
    indent: int
    word: str
    text: str
    parent: Unit | None
    function: Unit | None
    class_: Unit | None
    name: str = ""
    end: int = 0
    opens: bool = False

    @property
    def is_function(self) -> bool:
        """Whether this is the header of a function."""
        return self.word == "def"

    @property
    def continues(self) -> bool:
        """Whether this header belongs to the compound statement before it (`else:`)."""
        return self.word in ("elif", "else", "except", "finally", "case")

    def binds(self) -> Iterator[str]:
        """The names, and attributes of `self`, that the statement binds or changes."""
        if self.word == "for":
            match = _FOR.match(self.text)
            yield from _NAME.findall(match[1]) if match is not None else ()
        elif self.word in ("with", "async"):
            yield from _AS.findall(self.text)
        elif not self.word:
            yield from _assigned(self.text)
        if self.word and not self.opens and self.word not in _SIMPLE:
            for colon in re.finditer(":", self.text):  # `if x: kwargs["a"] = 1`
                yield from _assigned(self.text[colon.end() :])


def _assigned(text: str) -> Iterator[str]:
    if "=" not in text and "(" not in text:
        return
    changed = _CHANGED.match(text)
    if changed is not None:
        yield from _root(changed[1])
        return
    match = _ASSIGNED.match(text)
    while match is not None:
        for target in match[1].partition("[")[0].strip("() ").split(","):
            yield from _root(target.strip(" *"))
        match = _ASSIGNED.match(text, match.end()) if "=" in text[match.end() :] else None


def _root(target: str) -> Iterator[str]:
    if target.startswith("self."):
        yield ".".join(target.split(".")[:2])
    elif target and not target.startswith("."):
        yield target.partition(".")[0]


def units_of(masked: str) -> list[Unit]:
    """All units of a masked module, in order. Raises NotCut where the text does not add up."""
    units: list[Unit] = []
    stack: list[Unit] = []
    for first, last, line in _logical(masked.split("\n")):
        unit = _unit(len(units), first, last, line, stack)
        units.append(unit)
        if unit.opens:
            stack.append(unit)
    for unit in stack:
        unit.end = len(units)
    return units


_WORDS = frozenset(
    """if elif else for while with try except finally match case def class import from return
    raise continue break pass global nonlocal del assert yield @""".split()
)
_HEAD = re.compile(r"(\s*)(?:async\s+(?=\w))?(@|\w*)(?:\s+(\w+))?")
"""Indentation, first word and second word; a coroutine's first word is `def`."""


def _unit(index: int, first: int, last: int, line: str, stack: list[Unit]) -> Unit:
    head = _HEAD.match(line)
    assert head is not None  # it matches anything
    indent = head.end(1)
    while stack and indent <= stack[-1].indent:
        stack.pop().end = index
    parent = stack[-1] if stack else None
    function, class_ = _scope(parent)
    word = head[2] if head[2] in _WORDS else ""
    opens = word != "" and line.rstrip().endswith(":")
    if word in ("match", "case") and not opens:
        word = ""
    name = head[3] or "" if word in ("def", "class") else ""
    place = (index, first, last, indent)
    return Unit(*place, word, line, parent, function, class_, name, index + 1, opens)


def _scope(parent: Unit | None) -> tuple[Unit | None, Unit | None]:
    if parent is None:
        return None, None
    return (
        parent if parent.word == "def" else parent.function,
        parent if parent.word == "class" else parent.class_,
    )


def _logical(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """Rows and text of the logical lines; brackets and backslashes join physical ones."""
    row, total = 0, len(lines)
    while row < total:
        line = lines[row]
        row += 1
        if not line or line.isspace():
            continue
        depth = _depth(line)
        if depth == 0 and line[-1] != "\\":
            yield row, row, line
            continue
        first, parts = row, [line]
        while depth > 0 or line.endswith("\\"):
            if row >= total:
                raise NotCut
            line = lines[row]
            row += 1
            depth += _depth(line)
            parts.append(line)
        if depth < 0:
            raise NotCut
        yield first, row, "\n".join(parts)


def _depth(line: str) -> int:
    count = line.count
    return count("(") + count("[") + count("{") - count(")") - count("]") - count("}")
