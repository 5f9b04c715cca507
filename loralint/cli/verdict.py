"""The exit codes that are not about findings."""

from __future__ import annotations

import click

READ = "Python files, notebooks, recipes, command lines and adapter folders"
NOTHING_READ = 3
"""Nothing was checked: that is never "checked and fine"."""


def leave(files: int) -> None:
    """End a command: without an error if it had a file to read."""
    if files == 0:
        click.echo(f"error: there is no file to read: loralint reads {READ}", err=True)
        click.get_current_context().exit(NOTHING_READ)
