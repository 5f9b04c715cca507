"""`loralint lock`: write `loralint.lock`, or tell whether it is stale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from loralint.cli import changes, hub_access, options
from loralint.cli.output import leave, say
from loralint.cli.session import Reading, Session, open_session
from loralint.hub.cache import LocalCache
from loralint.hub.locking import Difference, Locker, Locking, differences
from loralint.lockfile import Lock, serialise
from loralint.reading import read_whole
from loralint.text import counted

ALL = "*"
SIGNS = {"new": "+", "gone": "-", "moved": "~", "changed": "~"}


@click.command("lock")
@options.paths
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where the lock is stale.")
@click.option(
    "--upgrade",
    multiple=True,
    is_flag=False,
    flag_value=ALL,
    metavar="[ID]",
    help="Move all artifacts, or this one, to where their refs stand today.",
)
@hub_access.network
@options.reading
def command(
    paths: tuple[str, ...],
    check: bool,
    upgrade: tuple[str, ...],
    online: bool,
    endpoint: str | None,
    **reading: Any,
) -> None:
    """Lock the commit of every Hub artifact that the project loads, in `loralint.lock`.

    The lock covers the whole project around PATHS. What the code pins is followed; what it leaves
    open keeps its locked commit until it is upgraded.
    """
    folders = tuple(each for each in upgrade if each != ALL and Path(each).is_dir())
    session = _whole(open_session((*paths, *folders), Reading(**reading)))
    upgraded = frozenset(upgrade) - frozenset(folders) | ({ALL} if folders else frozenset())
    gathered = session.gather()
    hub_access.refuse_unreadable_locks(gathered)
    leave(gathered.files)
    cache = LocalCache()
    locker = Locker(
        gathered.project,
        hub_access.sources_of(gathered),
        hub_access.places(session, hub_access.Asking(online and not check, endpoint, writes=True)),
        cache.files,
        _upgrades(upgraded),
    )
    locked = list(locker.locks())
    _refuse_unknown(upgraded, locked)
    failed = (_check if check else _write)(session, locked)
    if failed and not check:
        hub_access.hint_at_network(online)
    click.get_current_context().exit(1 if failed else 0)


def _whole(session: Session) -> Session:
    """The session on its whole project: a lock that covers a part would drop the rest."""
    request = replace(session.request, scopes=(session.request.root,), targets=None)
    return Session(session.settings, request)


def _upgrades(asked: frozenset[str]) -> Callable[[str], bool]:
    return lambda repo_id: ALL in asked or repo_id in asked


def _refuse_unknown(asked: frozenset[str], locked: Sequence[Locking]) -> None:
    known = {one.id for each in locked for lock in (each.old, each.new) if lock
             for one in lock.artifacts}  # fmt: skip
    known |= {ask.repo.id for each in locked for ask, _ in each.failed}
    for name in sorted(asked - known - {ALL}):
        raise click.UsageError(f"--upgrade {name}: the project loads no such artifact")


def _check(session: Session, locked: Sequence[Locking]) -> bool:
    """Say in what the locks are stale."""
    stale = False
    for each in locked:
        missing = [f"{ask}: is not locked" for ask, _ in each.failed]
        found = differences(each.old or Lock(), each.new)
        if each.old is None and not missing and not found:
            continue
        for line in (*map(_line, found), *(f"+ {text}" for text in missing)):
            say(line)
        if each.old is None or missing or found:
            stale = True
            say(f"{each.path} is stale: run `loralint lock`.")
        else:
            say(f"{each.path} is up to date.")
    return stale


def _write(session: Session, locked: Sequence[Locking]) -> bool:
    """Write what has changed; whether something could not be locked."""
    for each in locked:
        for line in map(_line, differences(each.old or Lock(), each.new)):
            say(line)
        changed = _put(Path(session.request.root), each)
        count = len(each.new.artifacts)
        what = counted(count, "artifact")
        say(f"Locked {what} in {each.path}." if changed else f"{each.path} is up to date.")
        for ask, reason in each.failed:
            say(f"error: {ask} is not locked: {reason}", err=True)
    return any(each.failed for each in locked)


def _put(root: Path, each: Locking) -> bool:
    """Write one lock file, at once; whether it changed. A project without artifacts gets none."""
    path = root / each.path
    old = read_whole(path) if path.exists() else None
    new = serialise(each.new).encode()
    if new == old or (old is None and not each.new.artifacts):
        return False
    changes.put(path, new, old, name=str(path), root=root)
    return True


def _line(one: Difference) -> str:
    return f"{SIGNS[one.sort]} {one.text}"
