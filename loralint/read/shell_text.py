"""Pieces of shell in files of all kinds, and where their characters stand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loralint.facts import Value
from loralint.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

    from loralint.read.shell_values import Word

_ARROWS = re.compile(rb"<{100,}")
"""What the parser takes for heredocs in one another, and the square of their number."""

Environment = dict[str, "Value | tuple[Word, ...]"]


@dataclass(frozen=True)
class Fragment:
    """A piece of shell.

    `row` and `column` are what its positions lack to those of the file; with `whole`, everything
    in it stands there. `folder` is the working directory: relative to where the file is run, or
    from the project's root with a leading slash. `margins` stand around one more word of a command,
    None where none can be added; words left of `first_column` are not in the file at their place.
    """

    text: str
    row: int = 0
    column: int = 0
    environment: Environment = field(default_factory=dict)
    folder: str = ""
    whole: Span | None = None
    image: str = ""
    margins: tuple[str, str] | None = (" ", "")
    first_column: int = 1


class Positions:
    """Nodes of a fragment → spans of the file."""

    def __init__(self, fragment: Fragment, content: bytes) -> None:
        self._fragment = fragment
        self._lines = None if content.isascii() else content.split(b"\n")

    def of(self, node: Node) -> Span:
        """Where a node stands."""
        return self.between(node, node)

    def between(self, first: Node, last: Node) -> Span:
        """From the beginning of one node to the end of another."""
        if self._fragment.whole is not None:
            return self._fragment.whole
        (row, column), (end_row, end_column) = first.start_point, last.end_point
        return Span.of(*self._at(row, column), *self._at(end_row, end_column))

    def _at(self, row: int, column: int) -> tuple[int, int]:
        if self._lines is not None:
            column = len(self._lines[row][:column].decode(errors="replace"))
        return row + 1 + self._fragment.row, column + 1 + self._fragment.column


def parse(content: bytes) -> Node:
    """The syntax tree of a piece of shell; what cannot be parsed is an ERROR node in it."""
    plain = _ARROWS.sub(lambda match: b" " * len(match[0]), content)
    return _parser().parse(plain).root_node


def _parser() -> Parser:
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))
