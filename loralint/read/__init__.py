"""Files → facts. The one entrance is `extract`; each kind of file has a reader of its own.

What kind a file is, its name decides (`discovery/kinds.py`). Readers are imported when the first
file of theirs is read.
"""

from __future__ import annotations

from importlib import import_module

from loralint.facts import FileFacts
from loralint.source import Source, SourceKind

FRONTEND_VERSION = "12"
"""Raise it whenever the same file would give other facts: it is part of the cache's keys."""

READERS: dict[SourceKind, str] = {
    "python": "python.module",
    "notebook": "notebook",
    "shell": "embedded",  # and Python in it; Makefiles, Dockerfiles, workflows, compose files too
    "yaml": "data",  # and recipes, which are YAML, JSON or TOML
    "json": "data",
    "toml": "data",
    "dotenv": "data",
    "adapter": "adapter",  # adapter_config.json
    "weights": "adapter",  # adapter_model.safetensors
    "card": "adapter",  # README.md beside an adapter
    "requirements": "requirements",
    "lock": "lock",
}
"""The module of each kind's reader, below this package; its `extract` does the work."""


def extract(source: Source, *, whole: bool = False) -> FileFacts:
    """What one file says. Never raises for the content of a file: an error is a fact.

    `whole` reads all of a module's code, also what needs no reading to check it: what is read
    then does not hang on the module's length.
    """
    read = import_module(f"loralint.read.{READERS[source.kind]}").extract
    more = {"whole": whole} if source.kind in ("python", "notebook") else {}
    facts: FileFacts = read(source, **more)
    return facts
