"""The `loralint` command: its subcommands, and what becomes of errors."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import click

from loralint.cli.output import say
from loralint.config import ConfigError
from loralint.text import visible
from loralint.version import __version__

COMMANDS = MappingProxyType(
    {
        "check": "loralint.cli.check",
        "inventory": "loralint.cli.inventory",
        "pairs": "loralint.cli.pairs",
        "verify": "loralint.cli.verify",
        "record": "loralint.cli.record",
        "pin": "loralint.cli.pin",
        "lock": "loralint.cli.lock",
        "outdated": "loralint.cli.outdated",
        "baseline": "loralint.cli.baseline",
        "init": "loralint.cli.init",
        "rule": "loralint.cli.rule",
        "config": "loralint.cli.config",
    }
)
"""Each command and the module that holds it as `command`, imported when it is called."""

FAILED = 2
"""The exit code of usage, configuration and internal errors."""

INTERRUPTED = 130


class _Group(click.Group):
    """A group whose commands are imported when they are called, and that never shows a trace."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            raise click.UsageError(_meant(args[0], error.message), ctx) from error

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run and exit, with a code of design.md's: whatever goes wrong is a 2."""
        _survive_any_terminal()
        kwargs["standalone_mode"] = False
        try:
            code = super().main(*args, **kwargs)
        except click.ClickException as error:
            _shown(error).show()
            code = FAILED
        except (click.Abort, KeyboardInterrupt):
            code = INTERRUPTED
        except BrokenPipeError:
            code = FAILED
        except Exception as error:
            code = _failed(error)
        sys.exit(code if isinstance(code, int) else 0)


def _shown(error: click.ClickException) -> click.ClickException:
    """The same error in words that steer no terminal."""
    words = visible(error.format_message())
    if isinstance(error, click.UsageError):
        return click.UsageError(words, error.ctx)
    return click.ClickException(words)


def _meant(word: str, message: str) -> str:
    """What to say of a command that there is not; `loralint src` is a likely one."""
    if Path(word).exists():
        return f"{message} Did you mean `loralint check {word}`?"
    from loralint.config.load import suggestion

    return f"{message} {suggestion(word, COMMANDS).capitalize()}"


def _survive_any_terminal() -> None:
    """A message that the terminal's encoding lacks is shown escaped, and does not crash."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _failed(error: Exception) -> int:
    """Say what went wrong: what the user can mend in full, a fault of ours with where to tell."""
    if os.environ.get("LORALINT_TRACEBACK"):
        import traceback

        traceback.print_exc()
    if isinstance(error, (ConfigError, *_expected())):
        say(f"error: {error}", err=True)
        return FAILED
    if (known := _of_the_machine(error)) is not None:
        say(f"error: {known}", err=True)
        return FAILED
    say(f"error: internal error: {type(error).__name__}: {error}", err=True)
    say(
        "This is a bug in loralint. Please report it, with the output of the same command "
        "under LORALINT_TRACEBACK=1.",
        err=True,
    )
    return FAILED


def _of_the_machine(error: Exception) -> str | None:
    """What the system has refused, in words; None for what only a fault of ours explains."""
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if not isinstance(error, OSError):
        return None
    try:
        Path.cwd()
    except OSError:
        return "the working directory is not there any more"
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _expected() -> tuple[type[Exception], ...]:
    """Errors of parts that may not even have been imported."""
    workers = sys.modules.get("loralint.engine.workers")
    return (workers.SchedulerError,) if workers is not None else ()


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="loralint %(version)s")
def loralint() -> None:
    """Keep a LoRA adapter on the base model that it was trained on."""
