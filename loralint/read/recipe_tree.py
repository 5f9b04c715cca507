"""YAML, JSON and TOML as trees whose keys know where they stand.

YAML and JSON are composed, never constructed: no tag runs, an alias is the node that it names,
`<<` lays its mappings below the keys beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from loralint.facts import Scalar
from loralint.read.recipe_nodes import MAX_DEPTH, Entry, Node, Tree
from loralint.read.recipe_toml import Toml
from loralint.read.yaml_nodes import TooLarge, composed
from loralint.source import Source, Span

MAX_NODES = 20_000
"""A file with more nodes than this is no recipe, or a YAML bomb."""

MAX_DOCUMENTS = 50


def parse(source: Source) -> Tree:
    """The tree of a file; an error of the parser, or TooLarge, where there is none."""
    text = source.content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    if source.kind == "toml":
        return Tree((Toml(text).root(),))
    plain = text.replace("\t", " ") if source.kind == "json" else text
    return _Yaml(plain, is_json=source.kind == "json").tree()


class _Yaml:
    """YAML nodes → trees, within a budget; what an alias names is looked at once."""

    def __init__(self, text: str, *, is_json: bool = False) -> None:
        self.text = text
        self.is_json = is_json
        self.lines = text.split("\n")
        self.left = MAX_NODES
        self.made: dict[int, Node] = {}
        self.scalars: list[Span] = []

    def tree(self) -> Tree:
        documents: list[Node] = []
        for root in composed(self.text):
            if len(documents) >= MAX_DOCUMENTS:
                raise TooLarge
            documents.append(self.node(root, 0))
        return Tree(tuple(documents), tuple(self.scalars))

    def node(self, node: yaml.Node | None, depth: int) -> Node:
        if id(node) not in self.made:
            if depth > MAX_DEPTH:
                raise TooLarge
            self.spend(1)
            self.made[id(node)] = Node()  # an anchor that holds itself is nothing
            self.made[id(node)] = self._made(node, depth)
        return self.made[id(node)]

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise TooLarge

    def _made(self, node: yaml.Node | None, depth: int) -> Node:
        if isinstance(node, yaml.MappingNode):
            return Node(entries=self._entries(node, depth))
        if isinstance(node, yaml.SequenceNode):
            return Node(items=tuple(Entry(_span(e), self.node(e, depth + 1)) for e in node.value))
        if isinstance(node, yaml.ScalarNode):
            self.scalars.append(_span(node))
            return Node(_scalar(node), str(node.value), span=self._inside(node))
        return Node()

    def _inside(self, node: yaml.ScalarNode) -> Span | None:
        """Where a scalar's text stands, if it stands there as it is."""
        span, quote = _span(node), len(node.style or "")
        row = span.start.row
        if row != span.end.row or row > len(self.lines):
            return None
        start, end = span.start.column + quote, span.end.column - quote
        text = self.lines[row - 1][start - 1 : end - 1]
        return Span.of(row, start, row, end) if text == node.value else None

    def _entries(self, node: yaml.MappingNode, depth: int) -> dict[str, Entry]:
        below: dict[str, Entry] = {}
        own: dict[str, Entry] = {}
        for key, value in node.value:
            found = self.node(value, depth + 1)
            if key.tag == "tag:yaml.org,2002:merge":
                for each in self._merged(found):
                    below = {**each, **below}
            elif isinstance(key, yaml.ScalarNode):
                own[str(key.value)] = Entry(_span(key), found, self._starts_line(node, key))
        self.spend(len(below))
        return {**below, **own}

    def _starts_line(self, mapping: yaml.MappingNode, key: yaml.Node) -> bool:
        mark = key.start_mark
        if (mapping.flow_style and not self.is_json) or mark.line >= len(self.lines):
            return False  # YAML knows more line ends
        return not self.lines[mark.line][: mark.column].strip()

    def _merged(self, node: Node) -> Iterator[dict[str, Entry]]:
        """The mappings of a `<<`, the most important first."""
        for each in (node, *(entry.node for entry in (node.items or ()))):
            if each.entries is not None:
                self.spend(len(each.entries))
                yield each.entries


def _span(node: yaml.Node) -> Span:
    start, end = node.start_mark, node.end_mark
    return Span.of(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _scalar(node: yaml.ScalarNode) -> Scalar:
    kind, text = node.tag.rpartition(":")[2], str(node.value)
    try:
        if kind == "int":
            return _bounded(int(text.replace("_", ""), 0), text)
        if kind == "float":
            return float(text.replace("_", ""))
    except ValueError:
        return text
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    return None if kind == "null" else text


def _bounded(value: int, text: str) -> Scalar:
    return value if abs(value) < 2**53 else text
