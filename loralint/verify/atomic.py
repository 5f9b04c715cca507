"""Writing a contract whole or not at all: its readers see the old one or the new."""

from __future__ import annotations

from pathlib import Path

from loralint import writing

ABANDONED = 600
"""Seconds after which a temporary file of ours belongs to a process that was killed."""


def replace(path: Path, content: bytes) -> None:
    """Put `content` at `path`; OSError where that fails, and then nothing has changed."""
    writing.sweep(path.parent.glob(f".{path.name}.*.tmp"), ABANDONED)
    with writing.writing(path, ".tmp") as file:
        file.write(content)
