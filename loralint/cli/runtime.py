"""`loralint check --runtime`: load what `check` only reads, and say which side an adapter fits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from loralint.cli.session import Session
from loralint.cli.verify import prepare, progress_for
from loralint.config.selectors import covers, severity
from loralint.diagnostics import Diagnostic
from loralint.engine.request import Outcome
from loralint.engine.suppression import Suppressions
from loralint.project import Project
from loralint.text import visible
from loralint.verify import runtime
from loralint.verify.pairs import Surroundings, flagged, plans
from loralint.verify.runtime import PairOutcome, Runner


@dataclass(frozen=True)
class Asked:
    """What the command line says of the loads; `timeout` is in seconds, for one case."""

    trust_remote_code: bool
    timeout: float
    quiet: int


def with_runtime(session: Session, outcome: Outcome, asked: Asked) -> tuple[Outcome, bool]:
    """The outcome with the findings of loading, and whether every flagged pair was decided."""
    prepare(offline=True)
    project = session.gather().project
    around = Surroundings(Path(session.request.root), asked.trust_remote_code, offline=True)
    planned = plans(project, flagged(project, outcome.diagnostics), around)
    ran: list[PairOutcome] = []
    with progress_for(asked.quiet) as progress:
        for one in Runner(asked.timeout, progress).pairs(planned):
            ran.append(one)
            _say(runtime.in_words(one), asked)
    if not planned:
        _say("no pair was flagged: there is nothing to load", asked)
    read, loaded = runtime.joined_with(outcome.diagnostics, ran)
    found = _kept(session, project, loaded)
    diagnostics = sorted([*read, *found], key=lambda one: one.sort_key)
    merged = msgspec.structs.replace(
        outcome,
        diagnostics=tuple(diagnostics),
        skipped=(*outcome.skipped, *runtime.skipped(ran)),
    )
    return merged, all(one.decided for one in ran)


def _say(line: str, asked: Asked) -> None:
    if not asked.quiet:
        click.echo(f"runtime: {visible(line)}", err=True)


def _kept(
    session: Session, project: Project, found: Iterable[Diagnostic]
) -> list[Diagnostic]:  # fmt: skip
    """The findings that neither the settings nor a comment take away, at the level they give."""
    config = session.request.config
    asked = [one for one in found if not _is_ignored(config, one)]
    if session.request.honour_ignores:
        asked = Suppressions(project.files).remaining(asked)
    return [_adjusted(config, one) for one in asked]


def _is_ignored(config: Any, found: Diagnostic) -> bool:
    selectors = (*config.ignore, *config.ignored_in(found.place.path))
    return any(covers(one, found.code, found.name) for one in selectors)


def _adjusted(config: Any, found: Diagnostic) -> Diagnostic:
    own = severity(config, found.code, found.name)
    return found if own is None else msgspec.structs.replace(found, severity=own)
