"""Plain data → terms: what a configuration file holds, or a text in the code that is parsed."""

from __future__ import annotations

import yaml

from loralint.facts import Mapping, Sequence, Term
from loralint.read.documents import MAX_DEPTH, Node, TooLarge, constant, parse
from loralint.source import Source, SourceKind, Span

ERRORS = (ValueError, yaml.YAMLError, RecursionError)
"""What is raised for a text that does not parse."""


def of_value(value: object, depth: int = 0) -> Term:
    """The plain data of JSON as a term."""
    if depth > MAX_DEPTH:
        raise TooLarge
    if isinstance(value, dict):
        return Mapping(tuple((key, of_value(item, depth + 1)) for key, item in value.items()))
    if isinstance(value, list):
        return Sequence(tuple(of_value(item, depth + 1) for item in value))
    return constant(value)  # type: ignore[arg-type]


def of_node(node: Node, literals: dict[int, Span | None]) -> Term:
    """A tree as a term; `literals` takes the places of the texts in it, by identity."""
    if node.entries is not None:
        inside = ((key, of_node(entry.node, literals)) for key, entry in node.entries.items())
        return Mapping(tuple(inside))
    if node.items is not None:
        return Sequence(tuple(of_node(entry.node, literals) for entry in node.items))
    found = constant(node.value)
    if isinstance(node.value, str):
        literals[id(found)] = node.literal
    return found


def in_text(text: str, kind: SourceKind) -> Term | None:
    """What a text in the code holds; None where it is none of that kind, but a path perhaps."""
    if not text.lstrip().startswith(("{", "[")) and "\n" not in text:
        return None
    try:
        tree = parse(Source("", kind, text.encode()))
        found = of_node(tree.documents[0], {}) if tree.documents else None
    except ERRORS:
        return None
    return found if isinstance(found, (Mapping, Sequence)) else None
