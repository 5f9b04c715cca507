"""Where an answer goes: standard output or a file, with or without colour."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click


def in_colour(choice: str, output_file: str | None = None) -> bool:
    """Whether to use colours; NO_COLOR and FORCE_COLOR decide where nobody else did."""
    if output_file is not None or choice == "never":
        return False
    if choice == "always":
        return True
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def put(text: str, output_file: str | None, *, colour: bool = False, aside: bool = False) -> None:
    """Write an answer: to a file, or to standard output; `aside` is standard error.

    A reader that has gone (`| head`) does not change the exit code.
    """
    if output_file is not None:
        _put_in_file(text, Path(output_file))
        return
    try:
        click.echo(text, nl=False, color=colour, err=aside)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more when it exits, and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _put_in_file(text: str, path: Path) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"--output-file {path}: {error.strerror}") from error
