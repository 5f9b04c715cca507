"""A recipe as a tree: what its keys hold, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loralint.facts import Scalar
from loralint.source import Span

MAX_DEPTH = 30


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar with its text as written, a mapping, or a list.

    `span` is where a scalar's text stands, without its quotes; None where it has other signs.
    """

    value: Scalar = None
    text: str = ""
    entries: dict[str, Entry] | None = None
    items: tuple[Entry, ...] | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What a key, or an item of a list, holds, and where it stands.

    `starts_line` tells that the key begins a line of block YAML or of JSON.
    """

    span: Span
    node: Node
    starts_line: bool = False


@dataclass(frozen=True, slots=True)
class Tree:
    """The documents of a file, and the places of the scalars, in which there are no comments."""

    documents: tuple[Node, ...]
    scalars: tuple[Span, ...] = ()


def find(node: Node, path: str) -> Iterator[Entry]:
    """The entries at a dotted path; `[]` stands for every item of a list."""
    first, _, rest = path.partition(".")
    for entry in _at(node, first):
        if rest:
            yield from find(entry.node, rest)
        else:
            yield entry


def _at(node: Node, part: str) -> Iterator[Entry]:
    entry = (node.entries or {}).get(part.removesuffix("[]"))
    if entry is not None:
        yield from (entry.node.items or ()) if part.endswith("[]") else (entry,)


def mappings(node: Node, path: str = "", depth: int = 0) -> Iterator[tuple[str, Node]]:
    """A mapping and those inside it, with the dotted path that leads there, outermost first."""
    if node.entries is not None:
        yield path, node
    children = [
        *(node.entries or {}).items(),
        *((str(i), e) for i, e in enumerate(node.items or ())),
    ]
    for name, entry in children if depth < MAX_DEPTH else ():
        yield from mappings(entry.node, f"{path}.{name}" if path else name, depth + 1)
