"""Canonical names: what a class or function of the ecosystem is called, wherever it came from."""

from __future__ import annotations

from functools import lru_cache

from loralint.catalog.actions import ACTIONS, GENERAL
from loralint.catalog.loaders import LOADERS

_OF_ACTIONS = (action.packages for action in ACTIONS if action.packages not in GENERAL)
PACKAGES = frozenset(
    package
    for packages in (*(loader.packages for loader in LOADERS), *_OF_ACTIONS)
    for package in packages.split()
    if "*" not in package
) | {"langchain", "langchain_community", "langchain_huggingface"}
"""Packages whose names the catalogue knows; a vendored copy of one counts as the package."""

VENDORED = frozenset({"peft", "transformers", "diffusers", "trl", "sentence_transformers"})
"""Libraries whose own source may be what is read: their classes count as theirs."""


@lru_cache(maxsize=16384)
def canonical(name: str) -> str:
    """`transformers.models.llama.LlamaModel.from_pretrained` without the modules between."""
    package, *rest = name.split(".")
    if not rest:
        return package
    classes = [position for position, part in enumerate(rest) if part[:1].isupper()]
    first = classes[0] if classes else len(rest) - 1
    return ".".join((package, *rest[first:]))


def class_of(name: str) -> str:
    """The class in a canonical name, or the function: what is compared between two sides."""
    parts = name.split(".")
    return next((part for part in parts[1:] if part[:1].isupper()), parts[-1])
