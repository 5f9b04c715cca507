"""Files → facts. The one entrance is `extract`; each kind of file has a module of its own."""

from __future__ import annotations

from loralint.facts import FileFacts
from loralint.source import Source

FRONTEND_VERSION = "1"
"""Raise it whenever the same file would give other facts: it is part of the cache's keys."""


def extract(source: Source) -> FileFacts:
    """What one file says. Never raises for the content of a file: an error is a fact."""
    if source.kind == "python":
        from loralint.frontends.python import extract as extract_python

        return extract_python(source)
    from loralint.frontends.data import extract as extract_data

    return extract_data(source)
