"""Where the texts of a configuration file stand: its term and its tree, side by side."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import Known, Mapping, Sequence, Term
from loralint.read.recipe_nodes import MAX_DEPTH, Node, Tree
from loralint.source import Span


def data_literals(data: Term, tree: Tree) -> dict[int, Span | None]:
    """The places of the texts of `FileFacts.data`, by identity, without their quotes."""
    if not tree.documents:
        return {}
    return {id(known): span for known, span in _texts(data, tree.documents[0], 0)}


def _texts(term: Term, node: Node, depth: int) -> Iterator[tuple[Known, Span | None]]:
    if isinstance(term, Known) and term.value == node.text:
        yield term, node.span
    for value, inner in _inside(term, node) if depth < MAX_DEPTH else ():
        yield from _texts(value, inner, depth + 1)


def _inside(term: Term, node: Node) -> Iterator[tuple[Term, Node]]:
    entries = node.entries or {}
    if isinstance(term, Mapping):
        for key, value in term.entries:
            if key is not None and key in entries:
                yield value, entries[key].node
    elif isinstance(term, Sequence):
        for value, entry in zip(term.items, node.items or (), strict=False):
            yield value, entry.node
