"""How values, revisions and places are put into words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeGuard

from loralint.facts import Absent, Default, Known, Unknown, Value
from loralint.project import Load
from loralint.refs import DEFAULT_BRANCHES
from loralint.rules.judgement.values import by_default, is_none_by_default, leaves, origin

PIN = "`loralint pin` finds it"
"""Where a commit comes from that nobody has written down."""

_NOUNS = {
    "base-model": "model",
    "adapter": "adapter",
    "tokenizer": "tokenizer",
    "processor": "processor",
    "config": "configuration",
    "pipeline": "pipeline",
    "engine": "model",
    "embedding": "embedding model",
    "model": "model",
    "file": "file",
    "dataset": "dataset",
}


_CALL = re.compile(r".*#\d+(\.\d+)?\.")
"""The call that an option comes from: nobody wrote it so."""

_MANY = 4

_NOBODY_KNOWS = "an unknown value"


def noun(load: Load) -> str:
    """What a load loads, in a word."""
    if load.site.artifact == "file" and "snapshot" in load.site.loader:
        return "repository"
    return _NOUNS.get(load.site.artifact, "artifact")


def code(text: object) -> str:
    """Text as code."""
    return f"`{text}`"


def either(words: Iterable[str]) -> str:
    """`a`, `a or b`, `a, b or c`; what is longer than four ends in "one of 5 others"."""
    items = list(dict.fromkeys(words))
    if len(items) > _MANY:
        items = [*items[: _MANY - 1], f"one of {len(items) - _MANY + 1} others"]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    items = list(dict.fromkeys(words))
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def named(load: Load, ids: Iterable[str] = ()) -> str:
    """A load's repo id with what it is: "the model `org/name` (by default)"."""
    shown = either(code(name) for name in ids) if ids else value(load.site.repo_id)
    if shown == _NOBODY_KNOWS:
        return f"the {noun(load)}"
    suffix = " (the default)" if ids and by_default(load.site.repo_id) else ""
    if load.given and by_default(load.site.repo_id):
        shown = either(code(leaf.value) for leaf in leaves(load.site.repo_id) if _has_value(leaf))
        more = f" and {len(load.given) - 1} more" if len(load.given) > 1 else ""
        suffix = f" (given in {load.given[0]}{more})"
    return f"the {noun(load)} {shown}{suffix}"


def ids(load: Load) -> str:
    """A load's repo id alone."""
    words = [code(leaf.value) for leaf in leaves(load.site.repo_id) if _has_value(leaf)]
    return either(words) if words else "the base"


def _has_value(leaf: Value) -> TypeGuard[Known | Default]:
    return isinstance(leaf, (Known, Default))


def outside(given: Value) -> str:
    """Who decides a value from outside, as its author writes it: `args.model_revision`."""
    name = _CALL.sub("", origin(given).rpartition(":")[2])
    _, found, option = name.rpartition(".args.")
    return code(f"args.{option}" if found else name or "an option")


def value(given: Value) -> str:
    """Any value in words."""
    return either(_leaf(leaf) for leaf in leaves(given))


def _leaf(leaf: Value) -> str:
    if isinstance(leaf, Known):
        return code(leaf.value)
    if isinstance(leaf, Default):
        return f"{code(leaf.value)} by default"
    if isinstance(leaf, Unknown) and leaf.origin:
        return outside(leaf)
    return "nothing" if isinstance(leaf, Absent) else _NOBODY_KNOWS


def revision(given: Value) -> str:
    """A revision in words, to stand after "at"."""
    return either(_revision(leaf) for leaf in leaves(given))


def _revision(leaf: Value) -> str:
    if isinstance(leaf, Absent):
        return "no revision (the default branch)"
    if is_none_by_default(leaf):
        return "no revision by default"
    if isinstance(leaf, Unknown):
        return f"the revision that {outside(leaf)} gives" if leaf.origin else "an unknown revision"
    if isinstance(leaf, (Known, Default)):
        shown = _ref(leaf.value)
        return f"{shown} by default" if isinstance(leaf, Default) else shown
    return "an unknown revision"


def _ref(text: object) -> str:
    if text is None or text == "":
        return "no revision (the default branch)"
    return f"the default branch ({code(text)})" if text in DEFAULT_BRANCHES else code(text)


def given(value: Value) -> str:
    """A revision that is given, to stand after "at": who decides where it comes from outside."""
    unknown = next((leaf for leaf in leaves(value) if isinstance(leaf, Unknown)), None)
    return f"the revision that {outside(unknown)} gives" if unknown else revision(value)


def give(load: Load, what: str) -> str:
    """How a load is given a revision: by a keyword, by a recipe's key or a flag, or not at all."""
    key = load.site.revision_key
    if not key:
        return f"download {what} and name its folder: {code(load.site.loader)} takes no revision"
    return f"pass revision={_separate(what)}" if key == "revision" else f"set {code(key)} to {what}"


def _separate(what: str) -> str:
    return what if what.startswith('"') else f" with {what}"


def hint(*values: Value) -> str:
    """What to add where a default takes part in a finding."""
    return ", by default" if by_default(*values) else ""
