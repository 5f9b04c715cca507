"""Where the nodes stand that facts have a place of.

LibCST's PositionProvider computes the position of every node and costs more than the parse. This
generates the code once, counts rows and columns, and remembers only nodes of some kinds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import libcst as cst
from libcst._nodes.internal import CodegenState

from loralint.source import Location, Span

_NOTHING: AbstractContextManager[None] = nullcontext()
_LONGEST = 110
_PLACED = frozenset({cst.Call, cst.Arg, cst.Dict, cst.ImportFrom})


def _is_literal(node: cst.CSTNode) -> bool:
    """Whether a node is a literal that a fix may write anew."""
    if isinstance(node, cst.SimpleString):
        return len(node.value) <= _LONGEST
    return isinstance(node, cst.Name) and node.value == "None"


class _Tracker(CodegenState):
    """Generates code, keeping the position of some nodes without their parentheses."""

    def __init__(self, indent: str = "    ", newline: str = "\n") -> None:
        super().__init__(indent, newline)
        self.spans: dict[int, Span] = {}
        self.row = 1
        self.column = 1

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.column += len(token)

    def add_token(self, value: str) -> None:
        if "\n" in value or "\r" in value:
            lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            self.row += len(lines) - 1
            self.column = len(lines[-1]) + 1
        else:
            self.column += len(value)

    def pop_trailing_newline(self) -> None:
        """Nothing is kept, so nothing is taken back."""

    def record_syntactic_position(  # type: ignore[override]  # any context manager will do
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> AbstractContextManager[None]:
        placed = type(node) in _PLACED or _is_literal(node)
        return self._recorded(node) if placed else _NOTHING

    @contextmanager
    def _recorded(self, node: cst.CSTNode) -> Iterator[None]:
        start = Location(self.row, self.column)
        yield
        self.spans[id(node)] = Span(start, Location(self.row, self.column))


class _Writer(_Tracker):
    """Also keeps the code that it generates."""

    def add_indent_tokens(self) -> None:
        super().add_indent_tokens()
        self.tokens.extend(self.indent_tokens)

    def add_token(self, value: str) -> None:
        super().add_token(value)
        self.tokens.append(value)

    def pop_trailing_newline(self) -> None:
        CodegenState.pop_trailing_newline(self)


def spans_of(node: cst.BaseStatement) -> dict[int, Span]:
    """The spans of what facts have a place of, by `id`, from one pass over the node's code."""
    tracker = _Tracker()
    node._codegen(tracker)
    return tracker.spans


def written(module: cst.Module) -> tuple[dict[int, Span], str]:
    """The spans in a module, and its code as LibCST writes it, from one pass."""
    writer = _Writer(module.default_indent, module.default_newline)
    module._codegen(writer)
    return writer.spans, "".join(writer.tokens)
