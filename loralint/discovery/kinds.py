"""Which files are read at all, by name."""

# Paths are strings here: pathlib would cost more than the rest of a warm run.
# ruff: noqa: PTH122

from __future__ import annotations

import os
from types import MappingProxyType

from loralint.source import SourceKind

BY_SUFFIX: MappingProxyType[str, SourceKind] = MappingProxyType(
    {
        ".py": "python",
        ".pyw": "python",
        ".yaml": "yaml",
        ".yml": "yaml",
        ".json": "json",
        ".toml": "toml",
        ".env": "dotenv",
    }
)
"""A new kind of file is a line here and a front end."""


def kind_of(name: str) -> SourceKind | None:
    """What a file is, by its name; None for one that nobody reads."""
    if name.startswith(".env"):
        return "dotenv" if name == ".env" or name.startswith(".env.") else None
    return BY_SUFFIX.get(os.path.splitext(name)[1].lower())
