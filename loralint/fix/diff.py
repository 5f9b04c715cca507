"""Changes as a unified diff, which `patch` and `git apply` read."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

_UNENDED = "\\ No newline at end of file"


def unified(name: str, old: bytes, new: bytes) -> str:
    """The diff of one file; empty where nothing changes."""
    if old == new:
        return ""
    before, after = _lines(old), _lines(new)
    lines = difflib.unified_diff(before, after, name, name, lineterm="\n")
    return "".join(_ended(lines))


def _lines(content: bytes) -> list[str]:
    """Lines as git counts them: only a line feed ends one."""
    text = content.decode("utf-8", errors="surrogateescape")
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _ended(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n{_UNENDED}\n"
