"""`kill -9` in the middle of a command, again and again: every file is the old or the new one.

Half of the kills come at any moment of the run; the other half after the first file has been
written and before an undisturbed run would write the last, where a careless writer would leave half
a file. The command runs in a fork of this process, which has imported everything already, so that a
hundred kills take seconds.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

TIMES = 100
LITTER = 10
"""After so many runs that found something left behind, nothing new is learnt from another one."""


@dataclass
class Killed:
    """What a hundred kills left behind: `states` counts untouched, mixed and finished projects.

    `torn` names files that were neither what they were nor what they were to become, `broken` those
    that the next run did not bring to their end. `litter` are further files that were left in
    the folders, `kept` those of them that the next run, a minute later, did not remove.
    """

    states: Counter[str] = field(default_factory=Counter)
    torn: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    litter: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)


def loralint(*arguments: str) -> Callable[[], None]:
    """The command line, to be run in a fork."""

    def run() -> None:
        from loralint.cli import loralint as group

        group.main(list(arguments), prog_name="loralint")

    return run


def kill_often(
    project: Path, run: Callable[[], None], files: Sequence[str], *, times: int = TIMES
) -> Killed:
    """Run a command on the project and kill it, `times` times; then let it end once.

    `files` are those that the command writes; the project's folder is the working directory.
    """
    chance = random.Random(1678)
    origin = project.with_name(f"{project.name}-before")
    shutil.copytree(project, origin, symlinks=True)
    old = _contents(project, files)
    _warmed_up(project, run)
    _restore(origin, project)
    took = _finished(project, run, old)
    new = _contents(project, files)
    assert new != old, "the command changes nothing: there is nothing to interrupt"
    killed = Killed()
    clean = {str(project / name) for name in files} | {path for path, _ in _names(project, old)}
    for number in range(times):
        _restore(origin, project)
        wait = chance.uniform(0, took.whole)
        pause = None if number % 2 else chance.uniform(0, took.writing)
        _killed(project, run, old, wait, pause)
        killed.states[_judge(killed, _contents(project, files), old, new)] += 1
        litter = _litter(project, old, clean)
        killed.litter += litter
        if number % 10 == 9 or (
            litter and len(killed.litter) <= LITTER
        ):  # what is left behind is no obstacle, and does not stay
            _finished(project, run, old)
            after = _contents(project, files)
            killed.broken += [name for name in files if after[name] != new[name]]
            killed.kept += _litter(project, old, clean)
    shutil.rmtree(origin)
    return killed


def _litter(project: Path, old: dict[str, bytes | None], clean: set[str]) -> list[Path]:
    """Files that a killed command left beside its own; they are made a minute old."""
    found = [Path(path) for path, _ in _names(project, old) if path not in clean]
    a_minute_ago = time.time() - 60
    for path in found:
        os.utime(path, (a_minute_ago, a_minute_ago))
    return found


def _judge(
    killed: Killed,
    found: dict[str, bytes | None],
    old: dict[str, bytes | None],
    new: dict[str, bytes | None],
) -> str:
    killed.torn += [name for name in found if found[name] not in (old[name], new[name])]
    if found == old:
        return "untouched"
    return "finished" if found == new else "mixed"


def _contents(project: Path, files: Sequence[str]) -> dict[str, bytes | None]:
    return {
        name: (project / name).read_bytes() if (project / name).exists() else None for name in files
    }


def _restore(origin: Path, project: Path) -> None:
    shutil.rmtree(project)
    shutil.copytree(origin, project, symlinks=True)


def _warmed_up(project: Path, run: Callable[[], None]) -> None:
    """Run once in this process, so that the forks find everything imported."""
    before = Path.cwd()
    os.chdir(project)
    try:
        with suppress(SystemExit), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            run()
    finally:
        os.chdir(before)


def _started(project: Path, run: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    code = 70
    try:  # in the child: nothing of the test may go on here
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1):
            os.dup2(null, stream)
        os.chdir(project)
        run()
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


@dataclass(frozen=True)
class Took:
    """How long an undisturbed run takes, and its part from the first file to the last; seconds."""

    whole: float
    writing: float


def _finished(project: Path, run: Callable[[], None], old: dict[str, bytes | None]) -> Took:
    began = time.monotonic()
    child = _started(project, run)
    _wait_for_writing(project, old, child)
    first = time.monotonic()
    last = _last_change(project, old, child)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 1), "the command failed"
    return Took(time.monotonic() - began, last - first)


def _killed(
    project: Path,
    run: Callable[[], None],
    old: dict[str, bytes | None],
    wait: float,
    pause: float | None,
) -> None:
    """Start, wait (until something is written, where there is a pause), and kill."""
    child = _started(project, run)
    if pause is None:
        time.sleep(wait)
    else:
        _wait_for_writing(project, old, child)
        time.sleep(pause)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _wait_for_writing(project: Path, old: dict[str, bytes | None], child: int) -> None:
    names = _names(project, old)
    while _names(project, old) == names and not _has_ended(child):
        time.sleep(0.0002)


def _last_change(project: Path, old: dict[str, bytes | None], child: int) -> float:
    """When the last file was put in its place, seen once the run has ended."""
    names, changed = _names(project, old), time.monotonic()
    while not _has_ended(child):
        time.sleep(0.0002)
        if (now := _names(project, old)) != names:
            names, changed = now, time.monotonic()
    return changed


def _has_ended(child: int) -> bool:
    found = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return found is not None


def _names(project: Path, files: dict[str, bytes | None]) -> list[tuple[str, int]]:
    """What the folders of the files hold, with inodes: a new or a replaced file shows."""
    folders = {str((project / name).parent) for name in files}
    found = []
    for folder in sorted(folders):
        with os.scandir(folder) as entries:
            found += [(entry.path, entry.inode()) for entry in entries if entry.is_file()]
    return sorted(found)
