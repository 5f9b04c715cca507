"""YAML, JSON and TOML as trees whose keys and texts know where they stand.

YAML is composed, never constructed: no tag runs, an alias is the node that it names, `<<` lays its
mappings below the keys beside it. JSON is scanned and TOML parsed by their own parsers. Every tree
has a budget, so that no text can overflow the stack or fill the memory.
"""

from __future__ import annotations

import json
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from loralint.facts import Known, Reason, Scalar, Unknown
from loralint.source import START, Source, Span, decoded

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_NODES = 50_000
"""A configuration with more nodes than this is no configuration, or a YAML bomb."""

MAX_DEPTH = 60
MAX_DOCUMENTS = 50

LONGEST = 20 * MAX_NODES
"""Characters of JSON or TOML, which are parsed whole."""


class TooLarge(ValueError):
    """More nodes, or deeper ones, than a configuration has."""


class Node(msgspec.Struct, frozen=True):
    """A scalar with its text as written, a mapping, or a list.

    `span` is all of a scalar, and `style` its quote or the sign of its block; `literal` is where
    its text stands, without quotes, None where it stands there in other signs.
    """

    value: Scalar = None
    text: str = ""
    entries: dict[str, Entry] | None = None
    items: tuple[Entry, ...] | None = None
    span: Span | None = None
    style: str = ""
    literal: Span | None = None


class Entry(msgspec.Struct, frozen=True):
    """What a key, or an item of a list, holds, and where it stands.

    `starts_line` tells that the key begins a line of block YAML, of JSON or of TOML.
    """

    span: Span
    node: Node
    starts_line: bool = False


class Tree(msgspec.Struct, frozen=True):
    """The documents of a file, and the places of the scalars, in which there are no comments."""

    documents: tuple[Node, ...]
    scalars: tuple[Span, ...] = ()


def constant(value: Scalar) -> Known | Unknown:
    """What a scalar says, if facts can hold it: no half of a surrogate pair, no huge integer."""
    if isinstance(value, int) and abs(value) >= 2**53:
        return Unknown(Reason.INVOLVED, "a huge integer")
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return Unknown(Reason.EXPRESSION, "a string that is not valid Unicode")
    return Known(value)


# --- looking things up --------------------------------------------------------------------------


def find(node: Node, path: str) -> Iterator[Entry]:
    """The entries at a dotted path; `[]` stands for every item of a list."""
    first, _, rest = path.partition(".")
    entry = (node.entries or {}).get(first.removesuffix("[]"))
    if entry is None:
        return
    for found in (entry.node.items or ()) if first.endswith("[]") else (entry,):
        if rest:
            yield from find(found.node, rest)
        else:
            yield found


def mappings(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """A mapping and those inside it, with the dotted path that leads there, outermost first."""
    if node.entries is not None:
        yield path, node
    named = [*(node.entries or {}).items(), *((str(n), e) for n, e in enumerate(node.items or ()))]
    for name, entry in named:
        yield from mappings(entry.node, f"{path}.{name}" if path else name)


# --- texts → trees ------------------------------------------------------------------------------


def parse(source: Source) -> Tree:
    """The tree of a file; an error of its parser, or TooLarge, where there is none."""
    text = decoded(source.content).replace("\r\n", "\n").replace("\r", "\n")
    if source.kind == "toml":
        return Tree((_Toml(text).root(),))
    return Tree((_Json(text).root(),)) if source.kind == "json" else parse_yaml(text)


def parse_yaml(text: str) -> Tree:
    """The tree of a YAML text whose rows end with a line feed."""
    return _Yaml(text).tree()


class _Budget:
    """What is left of the nodes that a file may have, and how deep it has gone."""

    def __init__(self) -> None:
        self.left = MAX_NODES
        self.deepest = 0

    def spend(self, count: int, depth: int) -> None:
        """Take some nodes that reach down to a depth; TooLarge where that is too much."""
        self.left -= count
        self.deepest = max(self.deepest, depth)
        if self.left < 0 or depth > MAX_DEPTH:
            raise TooLarge


# --- YAML ---------------------------------------------------------------------------------------

DEEPEST = 200
MAX_EVENTS = 120_000
"""Twice what a configuration with as many nodes as are ever looked at has."""

SMALL = 100_000
"""A text of fewer characters, with short rows and few brackets, cannot be too much."""

LONGEST_ROW = 400
"""Each level of block YAML, and each bracket, takes a column at least."""

_Loader = yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader


def events(text: str) -> Iterator[yaml.Event]:
    """What stands in a YAML text, one after another: nothing recurses."""
    return yaml.parse(text, Loader=_Loader)


def _composed(text: str) -> Iterator[yaml.Node]:
    """The documents of a text as nodes, where that is safe.

    libyaml's composer recurses in C: brackets that are nested deeply enough kill the process. So a
    text that may be such a one is looked through as events first.
    """
    brackets = text.count("[") + text.count("{")
    longest = max(map(len, text.splitlines()), default=0)
    if len(text) > SMALL or brackets > DEEPEST or longest > LONGEST_ROW:
        depth = 0
        for number, event in enumerate(events(text)):
            opens = isinstance(event, yaml.CollectionStartEvent)
            depth += opens - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST or number > MAX_EVENTS:
                raise TooLarge
    return yaml.compose_all(text, Loader=_Loader)


class _Yaml(_Budget):
    """YAML nodes → trees; what an alias names is made once, and counts wherever it is named."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.lines = text.split("\n")
        self.made: dict[int, tuple[Node, int, int]] = {}
        """By the identity of YAML's node: ours, how many it holds, and how deep it goes."""
        self.scalars: list[Span] = []

    def tree(self) -> Tree:
        roots: list[yaml.Node] = []  # kept: nodes are known by identity
        documents: list[Node] = []
        for root in _composed(self.text):
            if len(roots) >= MAX_DOCUMENTS:
                raise TooLarge
            roots.append(root)
            documents.append(self.node(root, 0))
        return Tree(tuple(documents), tuple(self.scalars))

    def node(self, node: yaml.Node | None, depth: int) -> Node:
        known = self.made.get(id(node))
        if known is not None:
            made, size, height = known
            self.spend(size, depth + height)
            return made
        self.spend(1, depth)
        self.made[id(node)] = Node(), 1, 0  # an anchor that holds itself is nothing
        before, above, self.deepest = self.left, self.deepest, depth
        made = self._made(node, depth)
        self.made[id(node)] = made, 1 + before - self.left, self.deepest - depth
        self.deepest = max(above, self.deepest)
        return made

    def _made(self, node: yaml.Node | None, depth: int) -> Node:
        if isinstance(node, yaml.MappingNode):
            return Node(entries=self._entries(node, depth))
        if isinstance(node, yaml.SequenceNode):
            return Node(items=tuple(Entry(_span(e), self.node(e, depth + 1)) for e in node.value))
        return self._scalar(node) if isinstance(node, yaml.ScalarNode) else Node()

    def _scalar(self, node: yaml.ScalarNode) -> Node:
        text, span, style = str(node.value), _span(node), node.style or ""
        self.scalars.append(span)
        row, literal = span.start.row, None
        if row == span.end.row and row <= len(self.lines):
            start, end = span.start.column + len(style), span.end.column - len(style)
            if self.lines[row - 1][start - 1 : end - 1] == text:
                literal = Span.of(row, start, row, end)
        return Node(_resolved(node.tag, text), text, span=span, style=style, literal=literal)

    def _entries(self, node: yaml.MappingNode, depth: int) -> dict[str, Entry]:
        below: dict[str, Entry] = {}
        own: dict[str, Entry] = {}
        for key, value in node.value:
            found = self.node(value, depth + 1)
            if key.tag == "tag:yaml.org,2002:merge":
                for each in (found, *(entry.node for entry in (found.items or ()))):
                    below = {**(each.entries or {}), **below}  # the first is the most important
                    self.spend(len(below), depth)
            elif isinstance(key, yaml.ScalarNode):
                own[str(key.value)] = Entry(_span(key), found, self._starts_line(node, key))
        return {**below, **own}

    def _starts_line(self, mapping: yaml.MappingNode, key: yaml.Node) -> bool:
        mark = key.start_mark
        if mapping.flow_style or mark.line >= len(self.lines):
            return False  # YAML knows more line ends
        return not self.lines[mark.line][: mark.column].strip()


def _span(node: yaml.Node) -> Span:
    start, end = node.start_mark, node.end_mark
    return Span.of(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _resolved(tag: str, text: str) -> Scalar:
    """What a scalar's text stands for, by the tag that YAML gives it."""
    kind = tag.rpartition(":")[2]
    try:
        if kind == "int":
            return int(text.replace("_", ""), 0)
        if kind == "float":
            return float(text.replace("_", ""))
    except ValueError:
        return text
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    return None if kind == "null" else text


# --- JSON ---------------------------------------------------------------------------------------

_BETWEEN = re.compile(r"[\s,:]*")


class _Json(_Budget):
    """JSON → nodes; its own parser reads the scalars, and has read all of it before."""

    def __init__(self, text: str) -> None:
        super().__init__()
        if len(text) > LONGEST:
            raise TooLarge
        json.loads(text)
        self.text = text
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.decoder = json.JSONDecoder()
        self.at = 0

    def root(self) -> Node:
        return self._node(0)

    def _node(self, depth: int) -> Node:
        self.spend(1, depth)
        first = self._next()
        if first == "{":
            return Node(entries=self._entries(depth))
        if first == "[":
            return Node(items=self._items(depth))
        value, text, span = self._scalar()
        inside = Span.of(span.start.row, span.start.column + 1, span.end.row, span.end.column - 1)
        if first == '"':
            literal = inside if text == f'"{value}"' else None
            return Node(value, str(value), span=span, style='"', literal=literal)
        return Node(value, text, span=span, literal=span)

    def _entries(self, depth: int) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        self.at += 1
        while self._next() != "}":
            start = self.at
            key, _, span = self._scalar()
            row_before = self.text[self.starts[span.start.row - 1] : start]
            found[str(key)] = Entry(span, self._node(depth + 1), not row_before.strip())
        self.at += 1
        return found

    def _items(self, depth: int) -> tuple[Entry, ...]:
        found: list[Entry] = []
        self.at += 1
        while self._next() != "]":
            row, column = self._place(self.at)
            node = self._node(depth + 1)
            found.append(Entry(node.span or Span.of(row, column, *self._place(self.at)), node))
        self.at += 1
        return tuple(found)

    def _next(self) -> str:
        """Go to the next sign that is none between values."""
        match = _BETWEEN.match(self.text, self.at)
        self.at = match.end() if match is not None else self.at
        return self.text[self.at : self.at + 1]

    def _scalar(self) -> tuple[Any, str, Span]:
        start = self.at
        value, self.at = self.decoder.raw_decode(self.text, start)
        span = Span.of(*self._place(start), *self._place(self.at))
        return value, self.text[start : self.at], span

    def _place(self, offset: int) -> tuple[int, int]:
        row = bisect_right(self.starts, offset)
        return row, offset - self.starts[row - 1] + 1


# --- TOML ---------------------------------------------------------------------------------------

_DOTTED = re.compile(r"(?:[^\s.]{1,50}\.){100}")
"""A key of so many parts, of which the TOML parser takes the square."""

_HEADER = re.compile(r"\s*\[+\s*([^\[\]]+?)\s*\]+\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(r"""\s*(["']?)([\w.-]+)\1\s*=""")
_TEXT = re.compile(r"""\s*(["'])([^"'\\]*)\1\s*(?:#.*)?$""")


def check_toml(text: str) -> None:
    """TooLarge for what would keep the TOML parser busy for ever."""
    if len(text) > LONGEST or _DOTTED.search(text) is not None:
        raise TooLarge("is too large")


class _Toml(_Budget):
    """TOML, parsed by its own parser; a scan of the lines says where the keys stand."""

    def __init__(self, text: str) -> None:
        super().__init__()
        check_toml(text)
        self.data = tomllib.loads(text)
        self.keys: dict[str, Span] = {}
        self.texts: dict[str, tuple[str, Span]] = {}
        """The plain strings by their dotted keys, each with where it stands."""
        table = ""
        for row, line in enumerate(text.split("\n"), 1):
            header, key = _HEADER.match(line), _ASSIGNMENT.match(line)
            if header is not None:
                table = header[1].replace('"', "")
            elif key is not None:
                path = f"{table}.{key[2]}" if table else key[2]
                self.keys[path] = Span.of(row, key.start(2) + 1, row, key.end(2) + 1)
                if found := _TEXT.match(line, key.end()):
                    span = Span.of(row, found.start(2) + 1, row, found.end(2) + 1)
                    self.texts[path] = found[2], span

    def root(self) -> Node:
        return self._node(self.data, "", 0)

    def _node(self, value: Any, path: str, depth: int) -> Node:
        self.spend(1, depth)
        if isinstance(value, dict):
            named = ((str(key), f"{path}.{key}" if path else str(key)) for key in value)
            return Node(entries={k: self._entry(value[k], at, depth) for k, at in named})
        if isinstance(value, list):
            return Node(items=tuple(self._entry(item, path, depth) for item in value))
        if isinstance(value, str):
            written = self.texts.get(path)
            literal = written[1] if written is not None and written[0] == value else None
            return Node(value, value, literal=literal)
        plain = value if isinstance(value, (int, float)) else str(value)
        return Node(plain, str(value))

    def _entry(self, value: Any, path: str, depth: int) -> Entry:
        place = self.keys.get(path)
        plain = place is not None and "." not in path
        return Entry(place or START, self._node(value, path, depth + 1), plain)
