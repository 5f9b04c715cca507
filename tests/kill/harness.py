"""`kill -9` in the middle of a command, again and again: every file is the old or the new one.

Half of the kills come at any moment of the run; the other half as soon as something has been
written, or a little later, where a careless writer would leave half a file. The command runs in a
fork of this process, which has imported everything already, so that a hundred kills take seconds.
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


@dataclass
class Killed:
    """What a hundred kills left behind: `states` counts untouched, mixed and finished projects.

    `torn` names files that were neither what they were nor what they were to become.
    """

    states: Counter[str] = field(default_factory=Counter)
    torn: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


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
    duration = _finished(project, run)
    new = _contents(project, files)
    assert new != old, "the command changes nothing: there is nothing to interrupt"
    killed = Killed()
    for number in range(times):
        _restore(origin, project)
        wait = chance.uniform(0, duration)
        pause = None if number % 2 else chance.uniform(0, duration / 20)
        _killed(project, run, old, wait, pause)
        killed.states[_judge(killed, _contents(project, files), old, new)] += 1
        if number % 10 == 9:  # what is left behind is no obstacle
            _finished(project, run)
            after = _contents(project, files)
            killed.broken += [name for name in files if after[name] != new[name]]
    shutil.rmtree(origin)
    return killed


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


def _finished(project: Path, run: Callable[[], None]) -> float:
    began = time.monotonic()
    _, status = os.waitpid(_started(project, run), 0)
    assert os.waitstatus_to_exitcode(status) in (0, 1), "the command failed"
    return time.monotonic() - began


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
        names = _names(project, old)
        while _names(project, old) == names and not _has_ended(child):
            pass
        time.sleep(pause)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _has_ended(child: int) -> bool:
    found = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return found is not None


def _names(project: Path, files: dict[str, bytes | None]) -> list[tuple[str, int]]:
    """What the folders of the files hold, with inodes: a new or a replaced file shows."""
    folders = {str((project / name).parent) for name in files}
    found = []
    for folder in sorted(folders):
        with os.scandir(folder) as entries:
            found += [(entry.name, entry.inode()) for entry in entries if entry.is_file()]
    return sorted(found)
