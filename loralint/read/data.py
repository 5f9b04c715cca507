"""Configuration files → one term: YAML, JSON, TOML and `.env`.

YAML is composed, never constructed: no tag runs, and an alias is followed only as far as the
budget of nodes lasts.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable

import yaml

from loralint.facts import FileError, FileFacts, Known, Mapping, Reason, Sequence, Term, Unknown
from loralint.read.python import terms
from loralint.read.yaml_nodes import TooLarge, composed
from loralint.source import START, Source, Span

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_NODES = 50_000
"""A configuration with more nodes than this is no configuration, or a YAML bomb."""

LONGEST = 20 * MAX_NODES
"""Characters of JSON or TOML, which are parsed whole."""

MAX_DEPTH = 60

_DOTTED = re.compile(r"(?:[^\s.]{1,50}\.){100}")
"""A key of so many parts, of which the TOML parser takes the square."""


def extract(source: Source) -> FileFacts:
    """Read one configuration file; what does not parse gives facts with an error."""
    try:
        term = _READERS[source.kind](source.content.decode("utf-8-sig"))
    except yaml.MarkedYAMLError as error:
        return FileFacts(path=source.path, error=_marked(error))
    except TooLarge:
        return FileFacts(
            path=source.path, data=Unknown(Reason.INVOLVED, "too large for a configuration")
        )
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        message = str(error).splitlines()[0] if str(error) else "nested too deeply"
        return FileFacts(path=source.path, error=FileError(message, START))
    return FileFacts(path=source.path, data=term)


def _marked(error: yaml.MarkedYAMLError) -> FileError:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return FileError(str(error.problem), START)
    row, column = mark.line + 1, mark.column + 1
    return FileError(error.problem or "not YAML", Span.of(row, column, row, column + 1))


def _yaml(text: str) -> Term:
    documents = list(composed(text))
    return _Composed().term(documents[0], 0) if documents else Mapping(())


class _Composed:
    """YAML nodes → terms, within a budget."""

    def __init__(self) -> None:
        self.left = MAX_NODES

    def term(self, node: yaml.Node | None, depth: int) -> Term:
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            raise TooLarge
        if isinstance(node, yaml.MappingNode):
            return terms.mapping(self._entry(key, value, depth) for key, value in node.value)
        if isinstance(node, yaml.SequenceNode):
            return Sequence(tuple(self.term(item, depth + 1) for item in node.value))
        return _yaml_scalar(node) if isinstance(node, yaml.ScalarNode) else Known(None)

    def _entry(self, key: yaml.Node, value: yaml.Node, depth: int) -> terms.Entry:
        term = self.term(value, depth + 1)
        if key.tag == "tag:yaml.org,2002:merge":
            return (None, term)
        return (str(key.value), term) if isinstance(key, yaml.ScalarNode) else (None, Mapping(()))


def _yaml_scalar(node: yaml.ScalarNode) -> Term:
    kind = node.tag.rpartition(":")[2]
    text = str(node.value)
    try:
        if kind == "int":
            return _integer(int(text.replace("_", ""), 0))
        if kind == "float":
            return Known(float(text.replace("_", "")))
    except ValueError:
        return Known(text)
    if kind == "bool":
        return Known(text.lower() in ("true", "yes", "on"))
    return Known(None) if kind == "null" else terms.text(text)


def _integer(value: int) -> Term:
    return Known(value) if abs(value) < 2**53 else Unknown(Reason.INVOLVED, "a huge integer")


def _plain(value: object, depth: int = 0) -> Term:
    """Python's plain data → a term."""
    if depth > MAX_DEPTH:
        raise TooLarge
    if isinstance(value, dict):
        return terms.mapping((str(key), _plain(item, depth + 1)) for key, item in value.items())
    if isinstance(value, list):
        return Sequence(tuple(_plain(item, depth + 1) for item in value))
    if isinstance(value, int) and not isinstance(value, bool):
        return _integer(value)
    if isinstance(value, str):
        return terms.text(value)
    if value is None or isinstance(value, (int, float, bool)):
        return Known(value)
    return Known(str(value))


def _json(text: str) -> Term:
    if len(text) > LONGEST:
        raise TooLarge
    return _plain(json.loads(text))


def has_endless_keys(text: str) -> bool:
    """Whether TOML has a key that would keep its parser busy for ever."""
    return _DOTTED.search(text) is not None


def _toml(text: str) -> Term:
    if len(text) > LONGEST or has_endless_keys(text):
        raise TooLarge
    return _plain(tomllib.loads(text))


def _dotenv(text: str) -> Term:
    """`NAME=value` lines, as python-dotenv reads the plain ones."""
    if len(text) > LONGEST:
        raise TooLarge
    entries: list[terms.Entry] = []
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not equals or name.startswith("#") or not name.strip().isidentifier():
            continue
        entries.append((name.strip(), _dotenv_value(value.strip())))
    return terms.mapping(entries)


def _dotenv_value(text: str) -> Term:
    if "${" in text:
        return Unknown(Reason.EXPRESSION, "an interpolated value of a .env file")
    for quote in ('"', "'"):
        if text.startswith(quote) and text.find(quote, 1) > 0:
            return Known(text[1 : text.find(quote, 1)])
    return Known(text.partition(" #")[0].strip())


_READERS: dict[str, Callable[[str], Term]] = {
    "yaml": _yaml,
    "json": _json,
    "toml": _toml,
    "dotenv": _dotenv,
}
