"""Pieces of shell: where their characters stand, and what their words come to.

tree-sitter parses them; what a variable holds, `shell.py` knows by following the statements.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from loralint.facts import ABSENT, Default, Known, Value, leaves
from loralint.read.words import Environment, Word, joined, unfollowed, unset, with_default
from loralint.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_ARROWS = re.compile(rb"<{100,}")
"""What the parser takes for heredocs in one another, and the square of their number."""


@dataclass(frozen=True)
class Fragment:
    """A piece of shell.

    `row` and `column` are what its positions lack to those of the file; with `whole`, everything
    in it stands there. The other fields are those of its commands (`words.Command`).
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


def parse(content: bytes) -> Node:
    """The syntax tree of a piece of shell; what cannot be parsed is an ERROR node in it."""
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    plain = _ARROWS.sub(lambda match: b" " * len(match[0]), content)
    return Parser(Language(tree_sitter_bash.language())).parse(plain).root_node


class Text:
    """The text of a fragment: nodes of its tree → their source, and where that is in the file."""

    def __init__(self, fragment: Fragment) -> None:
        self.content = fragment.text.encode(errors="replace")
        self._fragment = fragment
        self._lines = None if self.content.isascii() else self.content.split(b"\n")

    def of(self, node: Node) -> str:
        """The source of a node."""
        return self.slice(node.start_byte, node.end_byte)

    def slice(self, start: int, end: int) -> str:
        """The source between two bytes."""
        return self.content[start:end].decode(errors="replace")

    def span(self, node: Node) -> Span:
        """Where a node stands in the file."""
        if self._fragment.whole is not None:
            return self._fragment.whole
        return Span.of(*self._at(*node.start_point), *self._at(*node.end_point))

    def _at(self, row: int, column: int) -> tuple[int, int]:
        if self._lines is not None:
            column = len(self._lines[row][:column].decode(errors="replace"))
        return row + 1 + self._fragment.row, column + 1 + self._fragment.column


# --- expansion ----------------------------------------------------------------------------------

_ESCAPE = re.compile(r"\\(\n|.)", re.DOTALL)
_QUOTED_ESCAPE = re.compile(r'\\(\n|["$`\\])')
_EXPANSIONS = frozenset(
    """simple_expansion expansion command_substitution arithmetic_expansion process_substitution
    string raw_string ansi_c_string translated_string concatenation brace_expression""".split()
)
_NAMES = frozenset({"variable_name", "special_variable_name", "subscript"})
_DEFAULTS = frozenset({":-", "-", ":=", "="})
_ARRAY = re.compile(r"\"?\$(?:\{([A-Za-z_]\w*)\[[@*]\]\}|[@*]|\{[@*]\})\"?")
_SELF = re.compile(r"\$\{?(0|BASH_SOURCE)\b")
_UP = re.compile(r"/\.\.(?![\w.])")
_COMPUTED = unfollowed("the result of a computation")


class Expansion:
    """Expands words in an environment; `path` is the file that they stand in."""

    def __init__(self, path: str, text: Text, environment: Environment) -> None:
        self.path = path
        self.text = text
        self.environment = environment

    def words(self, node: Node) -> list[Word]:
        """The words that a node becomes: several for an array, or for a list in a variable."""
        span = self.text.span(node)
        array = _ARRAY.fullmatch(self.text.of(node))  # "${NAME[@]}", "$@" and their kin
        if array is not None:
            name = array[1] or "@"
            found = self.environment.get(name)
            if isinstance(found, tuple):
                return list(found)
            return [Word(unset(self.path, name), span, open=True)]
        value = self.value(node)
        if node.type in ("simple_expansion", "expansion"):
            return _split(value, span)
        return [Word(value, span, self._lead(node))]

    def value(self, node: Node) -> Value:
        """The value of a node as one string."""
        text = self.text.of(node)
        if node.type in ("string", "translated_string", "concatenation"):
            return self._mixed(node)
        if node.type in ("raw_string", "ansi_c_string"):
            return Known(text.removeprefix("$")[1:-1])
        if node.type in _EXPANSIONS:
            return self._expanded(node, text)
        return Known(_plain(text))

    def _expanded(self, node: Node, text: str) -> Value:
        if node.type == "simple_expansion":
            return self._variable(text[1:])
        if node.type == "expansion":
            return self._braced(node, text)
        if node.type == "command_substitution":
            return self._output(text)
        return Known(text) if node.type == "brace_expression" else _COMPUTED

    def _mixed(self, node: Node) -> Value:
        """Literal text with expansions in it."""
        quoted = node.type != "concatenation"
        at, end = node.start_byte + quoted, node.end_byte - quoted
        at += node.type == "translated_string"  # $"..."
        parts: list[Value] = []
        for child in (*node.children, None):
            if child is None or child.type in _EXPANSIONS:
                stop = child.start_byte if child is not None else end
                if at < stop:
                    text = self.text.slice(at, stop)
                    plain = _QUOTED_ESCAPE.sub(_unescaped, text) if quoted else _plain(text)
                    parts.append(Known(plain))
            if child is not None and child.type in _EXPANSIONS:
                parts.append(self.value(child))
                at = child.end_byte
        return joined(parts) if parts else Known("")

    def _lead(self, node: Node) -> str:
        """The literal text that a word begins with."""
        if node.type not in ("concatenation", "string"):
            return self.text.of(node) if node.type in ("word", "number") else ""
        quote = node.type == "string"
        ends = [each.start_byte for each in node.children if each.type in _EXPANSIONS]
        return self.text.slice(node.start_byte + quote, min(ends, default=node.end_byte - quote))

    # --- variables ---

    def _variable(self, name: str) -> Value:
        found = self._set(name)
        return found if found is not None else unset(self.path, name)

    def _set(self, name: str) -> Value | None:
        """The value of a variable; None where nothing here sets it."""
        found = self.environment.get(name)
        if found is None and name.startswith("GH_"):  # of a workflow, filled up to its length
            found = self.environment.get(name.rstrip("_"))
        if isinstance(found, tuple):
            return found[0].value if found else Known("")
        return found

    def _braced(self, node: Node, text: str) -> Value:
        """`${NAME}` and what may stand behind the name."""
        name = next((each for each in node.children if each.type in _NAMES), None)
        if name is None or text[2:3] in ("#", "!"):
            return _COMPUTED
        rest = node.children[node.children.index(name) + 1 :]
        operator = rest[0].type if rest else ""
        written = self.text.of(name)
        if operator in _DEFAULTS:
            default = joined([self.value(each) for each in rest[1:-1]]) if rest[2:] else Known("")
            return with_default(self._set(written), default, unset(self.path, written).origin)
        if operator not in (":?", "?", "}"):
            return _COMPUTED
        if name.type != "subscript":
            return self._variable(written)
        array, _, index = written[:-1].partition("[")
        found = self.environment.get(array)
        if isinstance(found, tuple) and index.isdigit() and int(index) < len(found):
            return found[int(index)].value
        return unfollowed("an item of an array")

    # --- commands in words ---

    def _output(self, text: str) -> Value:
        """`$(...)`: only where the script itself lies is known, from the root, marked by `//`."""
        if "dirname" in text and _SELF.search(text):  # $(cd "$(dirname "$0")/.." && pwd)
            ups = len(_UP.findall(text)) + text.count("dirname") - 1
            folder = normpath(join(dirname(self.path), *[".."] * ups))
            if folder.startswith(".."):
                return unfollowed("a folder outside the project")
            return Known("//" if folder == "." else f"//{folder}")
        return Known(".") if text in ("$(pwd)", "`pwd`") else unfollowed("the output of a command")


def _plain(text: str) -> str:
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    return "" if match[1] == "\n" else match[1]


def _split(value: Value, span: Span) -> list[Word]:
    """A variable without quotes becomes as many words as it holds."""
    if isinstance(value, (Known, Default)) and isinstance(value.value, str):
        return [Word(replace(value, value=part), span, part) for part in value.value.split()]
    whole = all(
        isinstance(leaf, (Known, Default)) and len(str(leaf.value).split()) == 1
        for leaf in leaves(value)
    )
    return [Word(value, span, open=not whole)] if value != ABSENT else []
