"""`loralint pin`: commits in the place of what can move."""

from __future__ import annotations

import os
import re
import time
from datetime import datetime, timezone
from typing import Any

import click

from loralint.cli import changes, hub_access, options
from loralint.cli.loads import naming
from loralint.cli.output import leave, put, steerless
from loralint.cli.pinning import Pinned, pin
from loralint.cli.session import Reading, Session, open_session
from loralint.hub import Place
from loralint.hub.cache import LocalCache
from loralint.hub.candidates import Scope
from loralint.hub.locking import LockedCommits
from loralint.hub.pins import OldEnough, Planner, duration
from loralint.project import Project
from loralint.report.places import renamed
from loralint.text import counted, visible


def _age(ctx: click.Context, option: click.Parameter, value: str | None) -> float:
    try:
        return duration(value) if value else 0.0
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("pin")
@options.paths
@click.option("--upgrade", is_flag=True, help="Also move pins on to where their refs stand today.")
@click.option("--from-lock", is_flag=True, help="Take the commits that loralint.lock holds.")
@click.option(
    "--prefer",
    type=click.Choice(["train", "infer"]),
    help="Which side is right where training and inference disagree.",
)
@click.option(
    "--min-age",
    metavar="AGE",
    callback=_age,
    help="Take no commit that is younger than this: 7d, 12h, 2w.",
)
@click.option("--datasets", is_flag=True, help="Pin datasets too.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if there is work to do.")
@click.option("--dry-run", is_flag=True, help="Say what would be pinned, and write nothing.")
@click.option("--diff", is_flag=True, help="Show the changes as a unified diff; write nothing.")
@hub_access.network
@options.reading
def command(paths: tuple[str, ...], **given: Any) -> None:
    """Write commits into the code in the place of revisions that can move, or that are missing.

    The commit of each ref comes from the local Hub cache, then from loralint.lock, then, with
    --online, from the Hub. A comment says what it stood for: `# main, 2026-11-24`.
    """
    wanted = ("upgrade", "from_lock", "prefer", "min_age", "datasets", "check", "dry_run", "diff",
              "online", "endpoint")  # fmt: skip
    asked = {name: given.pop(name) for name in wanted}
    session = open_session(paths, Reading(**given))
    gathered = session.gather()
    hub_access.refuse_unreadable_locks(gathered)
    leave(gathered.files)
    planner = Planner(
        _places(session, gathered.project, asked),
        Scope(session.request.reports, asked["upgrade"], asked["from_lock"], asked["datasets"]),
        asked["prefer"],
        heed_locks=not (asked["upgrade"] or asked["from_lock"]),
    )
    made = pin(session.request, gathered, planner, _today())
    asked["locked"] = bool(LockedCommits.of(gathered.project).locks)
    click.get_current_context().exit(_report(session, made, asked))


def _places(session: Session, project: Project, asked: dict[str, Any]) -> list[Place]:
    """Who is asked, in order. An upgrade asks who knows best, and nobody else."""
    if asked["from_lock"]:
        return [LockedCommits.of(project, sole=True)]
    limit = time.time() - asked["min_age"]
    writes = not (asked["check"] or asked["dry_run"] or asked["diff"])
    asking = hub_access.Asking(asked["online"], asked["endpoint"], writes)
    hub = asking.online and hub_access.hub_place(
        session, asking, not_after=limit if asked["min_age"] else None
    )
    cache: Place = LocalCache()
    cache = OldEnough(cache, limit) if asked["min_age"] else cache
    if asked["upgrade"]:
        return [hub or cache]
    locked = LockedCommits.of(project)
    return [cache, *([locked] if locked.locks else []), *([hub] if hub else [])]


def _today() -> str:
    """The date for comments; SOURCE_DATE_EPOCH makes it the same whenever it is run."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = int(epoch) if re.fullmatch(r"\d{1,11}", epoch) else time.time()
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d")


def _report(session: Session, made: Pinned, asked: dict[str, Any]) -> int:
    """Say what was pinned and what was not, write the files, and choose the exit code."""
    writes = not (asked["check"] or asked["dry_run"] or asked["diff"])
    paths = made.changed if writes else ()
    failed = changes.write(session, made.before, made.after, paths)
    _tell(session, made, aside=asked["diff"])
    if asked["diff"]:
        put(steerless(changes.diff(session, made.before, made.after, made.changed)), None)
    _sum_up(made, writes)
    if made.pins and asked["locked"] and not asked["from_lock"]:
        click.echo("The code has moved: `loralint lock` brings the lock file up to date.", err=True)
    grave = any(one.grave for one in made.left)
    if grave:
        hub_access.hint_at_network(asked["online"] or asked["from_lock"])
    work = bool(made.changed) and (asked["check"] or asked["diff"])
    return failed or int(grave or work)


def _tell(session: Session, made: Pinned, *, aside: bool) -> None:
    report = naming(session)
    name = report.where
    for number, one in enumerate(made.pins):
        was = one.current[:12] or one.ref or "?"
        source = "" if one.origin == "cache" else f" ({one.origin})"
        line = f"{name(one.load.place)}: {one.repo_id} {was} → {one.commit}{source}"
        click.echo(visible(line), err=aside)
        for edit in made.further.get(number, ()):
            written = edit.content.partition("#")[0].strip(" ,\t\r\n")
            click.echo(visible(f"  also {name(edit.place)}: {written}"), err=aside)
    for left in made.left:
        level = "error" if left.grave else "note"
        reason = renamed(left.reason, report.filename, session.is_file)
        click.echo(visible(f"{level}: {name(left.load.place)}: {reason}"), err=True)


def _sum_up(made: Pinned, writes: bool) -> None:
    did = "Pinned" if writes else "Would pin"
    text = f"{did} {counted(len(made.pins), 'load')} in {counted(len(made.changed), 'file')}"
    if not made.pins:
        text = "Nothing to pin" if not made.left else "Nothing could be pinned"
    rest = f"; {len(made.left)} left as they are" if made.left else ""
    click.echo(f"{text}{rest}.", err=True)
