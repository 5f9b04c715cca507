"""Lock → TOML."""

from __future__ import annotations

import json
from collections.abc import Iterator

from loralint.lockfile import VERSION, Adapter, Artifact, Lock

HEADER = """\
# The commit of every Hub artifact that this project loads. Written by `loralint lock`:
# change the code and run it again instead of editing this file.
"""


def serialise(lock: Lock) -> str:
    """The text of a lock file: the same for the same content, whatever its order."""
    parts = [f"{HEADER}version = {VERSION}\n"]
    for artifact in sorted(lock.artifacts, key=lambda one: one.key):
        parts.append("".join(_artifact_lines(artifact)))
    for adapter in sorted(lock.adapters, key=lambda one: (one.name, one.base, one.commit)):
        parts.append("".join(_adapter_lines(adapter)))
    return "\n".join(parts)


def _artifact_lines(one: Artifact) -> Iterator[str]:
    yield "[[artifact]]\n"
    yield _line("id", one.id)
    if one.type != "model":
        yield _line("type", one.type)
    yield _line("commit", one.commit)
    if one.ref:
        yield _line("ref", one.ref)
    yield _line("kind", one.kind)
    if one.files:
        yield "\n[artifact.files]\n"
        yield from (f"{_quoted(name)} = {_quoted(value)}\n" for name, value in sorted(one.files))


def _adapter_lines(one: Adapter) -> Iterator[str]:
    yield "[[adapter]]\n"
    yield _line("name", one.name)
    yield _line("base", one.base)
    if one.commit:
        yield _line("commit", one.commit)


def _line(key: str, value: str) -> str:
    return f"{key} = {_quoted(value)}\n"


def _quoted(text: str) -> str:
    """A basic string of TOML, which is one of JSON as long as DEL is escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
