"""`check --fix` and `check --diff`: what becomes of the files, and what is said about it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from loralint.cli import changes
from loralint.cli.output import leave, put, say, steerless
from loralint.cli.session import Session
from loralint.engine.request import Outcome
from loralint.text import counted

if TYPE_CHECKING:
    from loralint.fix.applying import Mended


@dataclass(frozen=True)
class Fixing:
    """What a user wants of the fixes: made (`fix`), shown (`diff`), the unsafe ones too."""

    fix: bool = False
    unsafe: bool = False
    diff: bool = False

    def outcome(self, session: Session) -> tuple[Outcome, Mended | None]:
        """The findings; where fixes are wanted those that are left, and the files as mended."""
        if not (self.fix or self.diff):
            return session.check(), None
        mended = session.mend(unsafe=self.unsafe)
        return mended.outcome, mended


def options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say what becomes of fixes."""
    for name, text in (
        ("--diff", "Show what --fix would change, as a unified diff, and write nothing."),
        ("--unsafe-fixes", "Also make fixes that change which weights are loaded."),
        ("--fix", "Mend what can be mended safely, and report what is left."),
    ):
        command = click.option(name, is_flag=True, help=text)(command)
    return command


def fixing(given: dict[str, Any]) -> Fixing:
    """The options as click hands them over; both at once are one too many."""
    if given["fix"] and given["diff"]:
        raise click.UsageError("--fix writes and --diff does not: give one of them")
    return Fixing(given["fix"], given["unsafe_fixes"], given["diff"])


def show_diff(session: Session, mended: Mended, output_file: str | None) -> int:
    """Print what would change; 1 if that is something."""
    text = changes.diff(session, mended.before, mended.after, mended.after)
    leave(mended.outcome.files)
    put(text if output_file else steerless(text), output_file)
    _explain(session, mended)
    would = f"Would fix {counted(mended.fixed, 'finding')} in {counted(len(mended.after), 'file')}."
    click.echo(would if text else "Nothing to fix.", err=True)
    return 1 if text else 0


def write(session: Session, mended: Mended) -> int:
    """Put the mended files in the place of the old ones; 2 if one of them cannot be written."""
    _explain(session, mended)
    if session.request.stdin is not None:
        stdin = session.request.stdin
        sys.stdout.buffer.write(mended.after.get(stdin.path, stdin).content)
        sys.stdout.buffer.flush()
        return 0
    return changes.write(session, mended.before, mended.after, mended.after)


def _explain(session: Session, mended: Mended) -> None:
    """Say which fixes were not made, and why."""
    from loralint.cli.loads import naming

    for one in mended.dropped:
        where, code = naming(session).where(one.found.place), one.found.code
        say(f"warning: {where}: {code} is not fixed: {one.reason}", err=True)
    if not mended.settled:
        click.echo("warning: some fixes undo one another: there is more to fix", err=True)
