"""Where the recorded nodes stand.

LibCST's PositionProvider computes the position of every node and costs more than the parse. This
generates the code once, counts rows and columns, and remembers only the nodes that were asked
for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from libcst._nodes.internal import CodegenState

from loralint.source import Location, Span

if TYPE_CHECKING:
    import libcst as cst

_NOTHING: AbstractContextManager[None] = nullcontext()


class _Tracker(CodegenState):
    """Generates code, keeping the position of wanted nodes without their parentheses."""

    def __init__(self, module: cst.Module, wanted: Iterable[cst.CSTNode]) -> None:
        super().__init__(module.default_indent, module.default_newline)
        self.wanted = {id(node) for node in wanted}
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
        return self._recorded(node) if id(node) in self.wanted else _NOTHING

    @contextmanager
    def _recorded(self, node: cst.CSTNode) -> Iterator[None]:
        start = Location(self.row, self.column)
        yield
        self.spans[id(node)] = Span(start, Location(self.row, self.column))


def spans_of(module: cst.Module, nodes: Iterable[cst.CSTNode]) -> dict[int, Span]:
    """The spans of `nodes` by `id`, from one pass over the module's code."""
    tracker = _Tracker(module, nodes)
    module._codegen(tracker)
    return tracker.spans
