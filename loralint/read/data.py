"""Configuration files → what they hold, as one term: YAML, JSON, TOML and `.env`.

Where a framework runs such a file by itself, it is a recipe too (`recipe.py`).
"""

from __future__ import annotations

import json

import msgspec
import yaml

from loralint.catalog.recipe_signs import may_be_recipe
from loralint.facts import FileError, FileFacts, Known, Mapping, Reason, Term, Unknown
from loralint.literals import by_identity, held, with_literals
from loralint.read import comments, recipe
from loralint.read.documents import LONGEST, MAX_DEPTH, MAX_NODES, TooLarge, Tree, parse
from loralint.read.plain import ERRORS, of_node, of_value
from loralint.source import START, Source, Span, decoded

_TOO_LARGE = f"it has more than {MAX_NODES:,} values, or some nested deeper than {MAX_DEPTH}"


def extract(source: Source) -> FileFacts:
    """Read one configuration file; what does not parse gives facts with an error."""
    is_recipe = source.kind != "dotenv" and may_be_recipe(source.path, source.content)
    if source.kind in ("json", "dotenv"):
        facts = plain(source)  # much faster than a tree, which most JSON is not worth
        found = is_recipe or next(held(facts), None) is not None
        if source.kind == "dotenv" or facts.error is not None or not found:
            return facts
    try:
        tree = parse(source)
    except ERRORS as error:
        if is_recipe and isinstance(error, TooLarge):
            return FileFacts(path=source.path, error=FileError(_TOO_LARGE, START))
        return facts if source.kind == "json" else _failed(source, error)
    return _of_tree(source, tree, is_recipe=is_recipe)


def plain(source: Source) -> FileFacts:
    """What a JSON or `.env` file holds, without the places of its texts, and as no recipe."""
    try:
        text = decoded(source.content)
        if len(text) > LONGEST:
            raise TooLarge
        term = of_value(json.loads(text)) if source.kind != "dotenv" else _dotenv(text)
    except ERRORS as error:
        return _failed(source, error)
    return FileFacts(path=source.path, data=term)


def _failed(source: Source, error: Exception) -> FileFacts:
    """The facts of a file that cannot be read, with the place where its parser gave up."""
    if isinstance(error, TooLarge):
        data = Unknown(Reason.INVOLVED, "too large for a configuration")
        return FileFacts(path=source.path, data=data)
    message, span = str(error).partition("\n")[0] or "nested too deeply", START
    if isinstance(error, yaml.MarkedYAMLError):
        message = error.problem or "not YAML"
        mark = error.problem_mark or error.context_mark
        if mark is not None:
            span = Span.of(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
    elif isinstance(error, json.JSONDecodeError):
        message = f"not JSON: {error.msg}"
        span = Span.of(error.lineno, error.colno, error.lineno, error.colno + 1)
    return FileFacts(path=source.path, error=FileError(message, span))


def _of_tree(source: Source, tree: Tree, *, is_recipe: bool) -> FileFacts:
    literals: dict[int, Span | None] = {}
    data = of_node(tree.documents[0], literals) if tree.documents else Mapping(())
    facts = FileFacts(path=source.path, data=data)
    if is_recipe:
        sites = recipe.sites_of(source.path, tree)
        literals |= sites.literals
        facts = msgspec.structs.replace(
            facts,
            loads=tuple(sites.loads),
            saves=tuple(sites.saves),
            suppressions=comments.of_document(decoded(source.content), tree.scalars),
        )
    return with_literals(facts, by_identity(literals))


# --- .env ---------------------------------------------------------------------------------------


def _dotenv(text: str) -> Term:
    """`NAME=value` lines, as python-dotenv reads the plain ones."""
    entries: list[tuple[str | None, Term]] = []
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#") and name.strip().isidentifier():
            entries.append((name.strip(), _dotenv_value(value.strip())))
    return Mapping(tuple(entries))


def _dotenv_value(text: str) -> Term:
    if "${" in text:
        return Unknown(Reason.EXPRESSION, "an interpolated value of a .env file")
    for quote in ('"', "'"):
        if text.startswith(quote) and text.find(quote, 1) > 0:
            return Known(text[1 : text.find(quote, 1)])
    return Known(text.partition(" #")[0].strip())
