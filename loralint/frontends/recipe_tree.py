"""YAML, JSON and TOML as trees whose keys know where they stand.

YAML and JSON are composed, never constructed: no tag runs, an alias is the node that it names,
`<<` lays its mappings below the keys beside it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from loralint.facts import Scalar
from loralint.frontends.yaml_nodes import TooLarge, composed
from loralint.source import START, Source, Span

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_NODES = 20_000
"""A file with more nodes than this is no recipe, or a YAML bomb."""

MAX_DEPTH = 30
MAX_DOCUMENTS = 50

_HEADER = re.compile(r"\s*\[+\s*([^\[\]]+?)\s*\]+\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(r"""\s*(["']?)([\w.-]+)\1\s*=""")
_TEXT = re.compile(r"""\s*(["'])([^"'\\]*)\1\s*(?:#.*)?$""")


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


def parse(source: Source) -> Tree:
    """The tree of a file; an error of the parser, or TooLarge, where there is none."""
    text = source.content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    if source.kind == "toml":
        return Tree((_Toml(text).root(),))
    plain = text.replace("\t", " ") if source.kind == "json" else text
    return _Yaml(plain, is_json=source.kind == "json").tree()


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
    children = [*(node.entries or {}).items(), *((str(i), e) for i, e in enumerate(_items(node)))]
    for name, entry in children if depth < MAX_DEPTH else ():
        yield from mappings(entry.node, f"{path}.{name}" if path else name, depth + 1)


def _items(node: Node) -> tuple[Entry, ...]:
    return node.items or ()


# --- YAML and JSON ------------------------------------------------------------------------------


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
        for each in (node, *(entry.node for entry in _items(node))):
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


# --- TOML ---------------------------------------------------------------------------------------


class _Toml:
    """TOML, parsed by its own parser; a scan of the lines says where the keys stand."""

    def __init__(self, text: str) -> None:
        self.data = tomllib.loads(text)
        self.places = dict(_places(text))
        self.values = dict(_values(text))

    def root(self) -> Node:
        return self._node(self.data, "", 0)

    def _node(self, value: Any, path: str, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise TooLarge
        if isinstance(value, dict):
            named = ((str(key), f"{path}.{key}" if path else str(key)) for key in value)
            return Node(entries={k: self._entry(value[k], at, depth) for k, at in named})
        if isinstance(value, list):
            return Node(items=tuple(self._entry(item, path, depth) for item in value))
        if isinstance(value, int) and abs(value) >= 2**53:
            return Node(text="a huge integer")
        if isinstance(value, str):
            written = self.values.get(path)
            return Node(value, value, span=written[1] if written and written[0] == value else None)
        plain = value if isinstance(value, (str, int, float, bool)) else str(value)
        return Node(plain, str(value))

    def _entry(self, value: Any, path: str, depth: int) -> Entry:
        place = self.places.get(path)
        plain = place is not None and "." not in path
        return Entry(place or START, self._node(value, path, depth + 1), plain)


def _places(text: str) -> Iterator[tuple[str, Span]]:
    for name, row, key, _ in _assignments(text):
        yield name, Span.of(row, key.start(2) + 1, row, key.end(2) + 1)


def _values(text: str) -> Iterator[tuple[str, tuple[str, Span]]]:
    """The plain strings of a text by their dotted keys, each with where it stands."""
    for name, row, key, line in _assignments(text):
        found = _TEXT.match(line, key.end())
        if found is not None:
            yield name, (found[2], Span.of(row, found.start(2) + 1, row, found.end(2) + 1))


def _assignments(text: str) -> Iterator[tuple[str, int, re.Match[str], str]]:
    """The assignments that have a row: dotted key, row, what matched, and the line."""
    table = ""
    for row, line in enumerate(text.split("\n"), 1):
        header, key = _HEADER.match(line), _ASSIGNMENT.match(line)
        if header is not None:
            table = header[1].replace('"', "")
        elif key is not None:
            yield (f"{table}.{key[2]}" if table else key[2]), row, key, line
