"""`loralint baseline`: accept today's findings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from loralint.cli import options
from loralint.cli.output import say
from loralint.cli.session import BASELINE, Reading, Session, open_session
from loralint.diagnostics import Diagnostic
from loralint.engine import baseline
from loralint.engine.request import Outcome
from loralint.report.text import by_rule
from loralint.text import counted
from loralint.writing import Refused

FLAGS = ("select", "extend_select", "ignore", "strict")


@click.command("baseline")
@options.paths
@options.rules("--select", "Rules to run in place of the default ones.")
@options.rules("--extend-select", "Rules to run as well.")
@options.rules("--ignore", "Rules not to run.")
@click.option("--strict", is_flag=True, help="Also run every rule that is off by default.")
@click.option(
    "--output-file",
    "-o",
    type=click.Path(),
    metavar="FILE",
    help=f"Where to write; by default the setting `baseline` or {BASELINE}.",
)
@click.option("--prune", is_flag=True, help="Accept nothing new: take out what is no longer found.")
@options.reading
def command(paths: tuple[str, ...], output_file: str | None, prune: bool, **given: Any) -> None:
    """Accept today's findings: `loralint check` then reports only new ones."""
    flags = {name: given.pop(name) for name in FLAGS}
    session = open_session(paths, Reading(**given), flags)
    target = output_file or session.request.config.baseline
    target = target or str(session.settings.root / BASELINE)
    # What an older baseline accepts is accepted anew: it is not to be taken off.
    request = replace(session.request, config=replace(session.request.config, baseline=None))
    outcome = Session(session.settings, request).check()
    root = None if output_file else session.settings.root
    if prune:
        _prune(target, outcome, root)
        return
    count = _written(target, outcome.diagnostics, root)
    say(f"Accepted {counted(count, 'finding')} in {os.path.relpath(target)}.")
    if outcome.diagnostics:
        click.echo(by_rule(outcome.diagnostics))


def _prune(target: str, outcome: Outcome, root: Path | None) -> None:
    """Leave in a baseline what is still found of it."""
    accepted = baseline.read(target)
    kept = baseline.pruned(outcome.diagnostics, accepted)
    gone = accepted.total() - len(kept)
    name = os.path.relpath(target)
    if not gone:
        say(f"Nothing to take out of {name}: all {len(kept):,} are still found.")
        return
    _written(target, kept, root)
    say(f"Took {counted(gone, 'finding')} out of {name}; {len(kept):,} left.")


def _written(target: str, found: Sequence[Diagnostic], root: Path | None) -> int:
    try:
        return baseline.write(target, found, root)
    except Refused as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"{target}: cannot be written: {error.strerror}") from error
