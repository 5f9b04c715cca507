"""Files → facts. The one entrance is `extract`; each kind of file has a module of its own."""

from __future__ import annotations

from loralint.facts import FileFacts
from loralint.source import Source

FRONTEND_VERSION = "8"
"""Raise it whenever the same file would give other facts: it is part of the cache's keys."""


def extract(source: Source, *, whole: bool = False) -> FileFacts:
    """What one file says. Never raises for the content of a file: an error is a fact.

    `whole` reads all of a module's code, also what needs no reading to check it: what is read
    then does not hang on the module's length.
    """
    if source.kind == "python":
        from loralint.read.python.module import extract as extract_python

        return extract_python(source, whole=whole)
    if source.kind == "notebook":
        from loralint.read.notebook import extract as extract_notebook

        return extract_notebook(source, whole=whole)
    if source.kind == "shell":
        from loralint.read.shell import extract as extract_shell

        return extract_shell(source)
    if source.kind in ("adapter", "weights", "card"):
        from loralint.read.adapter import extract as extract_adapter

        return extract_adapter(source)
    if source.kind in ("requirements", "lock"):
        return _versions(source)
    from loralint.read.data import extract as extract_data
    from loralint.read.recipe import with_recipe

    return with_recipe(source, extract_data(source))


def _versions(source: Source) -> FileFacts:
    if source.kind == "lock":
        from loralint.read.lock import extract as extract_lock

        return extract_lock(source)
    from loralint.read.requirements import extract as extract_requirements

    return extract_requirements(source)
