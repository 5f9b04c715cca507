"""Options that several commands share, and what click makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import click

_Command: TypeAlias = Callable[..., None]
_Decorator: TypeAlias = Callable[[_Command], _Command]


def _split(ctx: click.Context, option: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """`--select A,B --select C` → A, B, C."""
    words = [word.strip() for item in value for word in item.split(",")]
    return tuple(word for word in words if word)


def rules(name: str, text: str) -> _Decorator:
    """An option that takes rules: codes, names, prefixes or ALL, with commas or repeated."""
    return click.option(name, multiple=True, callback=_split, metavar="RULES", help=text)


def paths(command: _Command) -> _Command:
    """The paths that a command reads; the folder it is started in where none is given."""
    return click.argument("paths", nargs=-1, type=click.Path(), metavar="[PATHS]...")(command)


def reading(command: _Command) -> _Command:
    """How a project is read."""
    for option in reversed(
        (
            click.option(
                "--config",
                "config_file",
                type=click.Path(),
                metavar="FILE",
                help="Settings file to use instead of the nearest one.",
            ),
            click.option("--isolated", is_flag=True, help="Use no settings file."),
            click.option("--no-cache", is_flag=True, help="Neither read nor write the cache."),
            click.option(
                "--cache-dir",
                type=click.Path(file_okay=False),
                metavar="FOLDER",
                help="Where the cache lies: LORALINT_CACHE_DIR or your own cache folder otherwise.",
            ),
            click.option(
                "--jobs",
                "-j",
                type=click.IntRange(min=1),
                metavar="N",
                help="Processes for large projects; by default one a processor.",
            ),
            click.option(
                "--scheduler",
                metavar="ADDRESS",
                help="Read the files on the Dask cluster behind this address.",
            ),
        )
    ):
        command = option(command)
    return command


def output(*formats: str) -> _Decorator:
    """Where the answer goes and in which of the formats, of which the first is the default."""

    def decorate(command: _Command) -> _Command:
        command = click.option(
            "--output-file",
            "-o",
            type=click.Path(),
            metavar="FILE",
            help="Write there instead of to standard output.",
        )(command)
        return click.option(
            "--output-format",
            type=click.Choice(formats),
            default=formats[0],
            show_default=True,
            help="Format of the answer.",
        )(command)

    return decorate


def loudness(command: _Command) -> _Command:
    """How much is said, and whether in colour."""
    for option in reversed(
        (
            click.option(
                "--verbose",
                "-v",
                count=True,
                help="Also list what could not be decided, with reasons.",
            ),
            click.option("--quiet", "-q", count=True, help="Say nothing beside the findings."),
            click.option(
                "--color",
                "--colour",
                type=click.Choice(["auto", "always", "never"]),
                default="auto",
                show_default=True,
                help="When to use colours.",
            ),
        )
    ):
        command = option(command)
    return command
