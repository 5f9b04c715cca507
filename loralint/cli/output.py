"""Where an answer goes: standard output or a file, with or without colour."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click

from loralint import writing
from loralint.diagnostics import Diagnostic
from loralint.text import visible


def in_colour(choice: str, output_file: str | None = None) -> bool:
    """Whether to use colours; NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE decide where nobody did."""
    if output_file is not None or choice == "never":
        return False
    if choice == "always":
        return True
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def put(text: str, output_file: str | None, *, colour: bool = False, aside: bool = False) -> None:
    """Write an answer: to a file, or to standard output; `aside` is standard error.

    A reader that has gone (`| head`) does not change the exit code.
    """
    if output_file is not None:
        _put_in_file(text, Path(output_file))
        return
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed: the answer has nowhere to go")
    try:
        click.echo(text, nl=False, color=colour, err=aside)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more when it exits, and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _put_in_file(text: str, path: Path) -> None:
    try:
        writing.put(path, text.encode(errors="surrogateescape"))
    except writing.Refused as error:
        raise click.UsageError(f"--output-file {error}") from error
    except OSError as error:
        raise click.UsageError(f"--output-file {path}: {error.strerror}") from error


def say(text: str, *, err: bool = False) -> None:
    """One line of words, in which nothing of a project can steer a terminal or a log."""
    click.echo(visible(text), err=err)


def steerless(diff: str) -> str:
    """A diff for a terminal or a log: what would steer it is escaped, tabs and ends are not.

    For `patch` and `git apply` nothing changes, unless the code itself holds such a character.
    """
    return "\n".join(
        "\t".join(map(visible, line.removesuffix("\r").split("\t")))
        + ("\r" if line.endswith("\r") else "")
        for line in diff.split("\n")
    )


READ = "Python files, notebooks, recipes, command lines and adapter folders"
NOTHING_READ = 3
"""Nothing was checked: that is never "checked and fine"."""


def leave(files: int) -> None:
    """End a command: without an error if it had a file to read."""
    if files == 0:
        click.echo(f"error: there is no file to read: loralint reads {READ}", err=True)
        click.get_current_context().exit(NOTHING_READ)


def statistics(diagnostics: Iterable[Diagnostic], output_format: str) -> str:
    """A table, most frequent first; JSON where the findings would have been JSON."""
    counts = Counter((found.code, found.name) for found in diagnostics)
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    if output_format == "json":
        listed = [{"code": code, "name": name, "count": count} for (code, name), count in rows]
        return json.dumps(listed, indent=2) + "\n"
    width = max((len(str(count)) for _, count in rows), default=0)
    return "".join(f"{count:>{width}}  {code}  {name}\n" for (code, name), count in rows)
