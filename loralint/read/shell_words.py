"""Nodes of a shell's syntax tree → words with values."""

from __future__ import annotations

import re
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING

from loralint.facts import ABSENT, Default, Known, Origin, OriginKind, Reason, Unknown, Value
from loralint.read.shell_text import Environment, Positions
from loralint.read.shell_values import Word, joined, leaves, with_default
from loralint.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_ESCAPE = re.compile(r"\\(\n|.)", re.DOTALL)
_QUOTED_ESCAPE = re.compile(r'\\(\n|["$`\\])')
_EXPANSIONS = frozenset(
    """simple_expansion expansion command_substitution arithmetic_expansion process_substitution
    string raw_string ansi_c_string translated_string concatenation brace_expression""".split()
)
_DEFAULTS = frozenset({":-", "-", ":=", "="})
_SELF = re.compile(r"\$\{?(0|BASH_SOURCE)\b")
_UP = re.compile(r"/\.\.(?![\w.])")

Parts = list[tuple[Value, str]]


class Words:
    """Expands words in an environment; `path` is the file that they stand in."""

    def __init__(
        self, path: str, content: bytes, positions: Positions, environment: Environment
    ) -> None:
        self.path = path
        self.content = content
        self.positions = positions
        self.environment = environment

    def text(self, node: Node) -> str:
        """The source of a node."""
        return self.slice(node.start_byte, node.end_byte)

    def slice(self, start: int, end: int) -> str:
        """The source between two bytes."""
        return self.content[start:end].decode(errors="replace")

    def expand(self, node: Node) -> list[Word]:
        """The words that a node becomes: several for an array, or for a list in a variable."""
        array = self._array(node)
        if array is not None:
            return array
        value = self.value(node)
        span = self.positions.of(node)
        if node.type in ("simple_expansion", "expansion"):
            return _split(value, span)
        return [Word(value, span, self._lead(node))]

    def value(self, node: Node) -> Value:
        """The value of a node as one string."""
        if node.type in ("string", "translated_string"):
            return self._mixed(node, quoted=True)
        if node.type == "raw_string":
            return Known(self.text(node)[1:-1])
        if node.type == "ansi_c_string":
            return Known(self.text(node)[2:-1])
        if node.type == "concatenation":
            return self._mixed(node, quoted=False)
        return self._expansion(node) if node.type in _EXPANSIONS else Known(_plain(self.text(node)))

    def _expansion(self, node: Node) -> Value:
        if node.type == "simple_expansion":
            return self._variable(self.text(node)[1:])
        if node.type == "expansion":
            return self._braced(node)
        if node.type == "command_substitution":
            return self._output(node)
        if node.type == "brace_expression":
            return Known(self.text(node))
        return Unknown(Reason.EXPRESSION, "the result of a computation")

    def _mixed(self, node: Node, quoted: bool) -> Value:
        """Literal text with expansions in it."""
        edge = 1 if quoted else 0
        at, end = node.start_byte + edge + (node.type == "translated_string"), node.end_byte - edge
        parts: list[Value] = []
        for child in node.children:
            if child.type not in _EXPANSIONS:
                continue
            parts += self._literal(at, child.start_byte, quoted)
            parts.append(self.value(child))
            at = child.end_byte
        parts += self._literal(at, end, quoted)
        return joined(parts) if parts else Known("")

    def _literal(self, start: int, end: int, quoted: bool) -> list[Value]:
        if start >= end:
            return []
        text = self.slice(start, end)
        return [Known(_QUOTED_ESCAPE.sub(_unescaped, text) if quoted else _plain(text))]

    def _lead(self, node: Node) -> str:
        """The literal text that a word begins with."""
        if node.type not in ("concatenation", "string"):
            return self.text(node) if node.type in ("word", "number") else ""
        first = node.start_byte + (node.type == "string")
        ends = [each.start_byte for each in node.children if each.type in _EXPANSIONS]
        return self.slice(first, min(ends, default=node.end_byte - (node.type == "string")))

    # --- variables ---

    def _variable(self, name: str) -> Value:
        found = self.lookup(name)
        return found if found is not None else self.unset(name)

    def lookup(self, name: str) -> Value | None:
        """The value of a variable; None where nothing here sets it."""
        found = self.environment.get(name)
        if found is None and name.startswith("GH_"):  # of a workflow, filled up to its length
            found = self.environment.get(name.rstrip("_"))
        if isinstance(found, tuple):
            return found[0].value if found else Known("")
        return found

    def unset(self, name: str) -> Unknown:
        """What nothing here sets: an argument of the script, or the environment's."""
        if name.isdigit() or name in ("@", "*"):
            return Unknown(
                Reason.OUTSIDE,
                "an argument of the script",
                Origin(OriginKind.ARGUMENT, self.path, (f"${name}",)),
            )
        return Unknown(
            Reason.OUTSIDE,
            "a variable that is not set here",
            Origin(OriginKind.ENVIRONMENT, name=(name,)),
        )

    def _braced(self, node: Node) -> Value:
        """`${NAME}` and what may stand behind the name."""
        names = [each for each in node.children if each.type in _NAMES]
        if not names or self.text(node)[2:3] in ("#", "!"):
            return Unknown(Reason.EXPRESSION, "the result of a computation")
        rest = node.children[node.children.index(names[0]) + 1 :]
        if rest and rest[0].type in _DEFAULTS:
            return self._with_default(names[0], rest[1:-1])
        if rest and rest[0].type in (":?", "?", "}"):
            return self._named(names[0])
        return Unknown(Reason.EXPRESSION, "the result of a computation")

    def _named(self, node: Node) -> Value:
        if node.type != "subscript":
            return self._variable(self.text(node))
        name, _, index = self.text(node)[:-1].partition("[")
        found = self.environment.get(name)
        if isinstance(found, tuple) and index.isdigit() and int(index) < len(found):
            return found[int(index)].value
        return Unknown(Reason.EXPRESSION, "an item of an array")

    def _with_default(self, name: Node, rest: list[Node]) -> Value:
        text = self.text(name)
        default = joined([self.value(each) for each in rest]) if rest else Known("")
        origin = self.unset(text).origin
        return with_default(self.lookup(text), default, origin)

    def _array(self, node: Node) -> list[Word] | None:
        """The words of `"${NAME[@]}"`, `"$@"` and their kin."""
        match = _ARRAY.fullmatch(self.text(node))
        if match is None:
            return None
        found = self.environment.get(match[1] or "@")
        if isinstance(found, tuple):
            return list(found)
        span = self.positions.of(node)
        return [Word(self.unset(match[1] or "@"), span, open=True)]

    # --- commands in words ---

    def _output(self, node: Node) -> Value:
        """`$(...)`: only where the script itself lies is known."""
        text = self.text(node)
        if "dirname" in text and _SELF.search(text):
            return _here(self.path, text)
        if text in ("$(pwd)", "`pwd`"):
            return Known(".")
        return Unknown(Reason.EXPRESSION, "the output of a command")


_NAMES = frozenset({"variable_name", "special_variable_name", "subscript"})
_ARRAY = re.compile(r"\"?\$(?:\{([A-Za-z_]\w*)\[[@*]\]\}|[@*]|\{[@*]\})\"?")


def _here(path: str, text: str) -> Value:
    """`$(cd "$(dirname "$0")/.." && pwd)`: from the project's root, marked by two slashes."""
    ups = len(_UP.findall(text)) + text.count("dirname") - 1
    folder = normpath(join(dirname(path), *[".."] * ups))
    if folder.startswith(".."):
        return Unknown(Reason.EXPRESSION, "a folder outside the project")
    return Known("//" if folder == "." else f"//{folder}")


def _plain(text: str) -> str:
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    return "" if match[1] == "\n" else match[1]


def _split(value: Value, span: Span) -> list[Word]:
    """A variable without quotes becomes as many words as it holds."""
    if isinstance(value, (Known, Default)) and isinstance(value.value, str):
        made = type(value)
        extra = (value.origin,) if isinstance(value, Default) else ()
        return [Word(made(part, *extra), span, part) for part in value.value.split()]
    whole = all(isinstance(leaf, (Known, Default)) and _is_whole(leaf) for leaf in leaves(value))
    return [Word(value, span, open=not whole)] if value != ABSENT else []


def _is_whole(leaf: Known | Default) -> bool:
    """Whether a text is one word."""
    return len(str(leaf.value).split()) == 1
