"""A case in a process of its own: its crash, its hunger or its sleep is one undecided case."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from loralint.verify.case import Case
from loralint.verify.result import TierName, UnusableInputError, Verification

# --- child ----------------------------------------------------------------------------------------


UNUSABLE = 4
"""The exit code where there is no adapter to verify; the last line of stderr says why."""


class Task(msgspec.Struct, frozen=True):
    """What a child is to do: the tiers of a case, all of them or until one decides."""

    case: Case
    tiers: tuple[TierName, ...] = ()
    until_decided: bool = False


def write(path: Path, task: Task | Verification) -> None:
    """Put a task or an outcome into a file."""
    path.write_bytes(msgspec.msgpack.encode(task, enc_hook=_plain))


def read_task(path: Path) -> Task:
    """Read a task."""
    return msgspec.msgpack.decode(path.read_bytes(), type=Task, dec_hook=_typed)


def read_outcome(path: Path) -> Verification:
    """Read an outcome; `msgspec.MsgspecError` or OSError where the child left none."""
    return msgspec.msgpack.decode(path.read_bytes(), type=Verification, dec_hook=_typed)


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value))


def _typed(wanted: type, value: Any) -> Any:
    if issubclass(wanted, Path):
        return wanted(value)
    raise NotImplementedError(wanted)


def end_with_parent(*folders: Path) -> None:
    """End this process and what it has started once its parent is gone, and remove folders.

    The parent holds the other end of our standard input, and the system closes it whatever the
    parent dies of.
    """

    def wait() -> None:
        while os.read(0, 1):  # nothing is ever written; no lock, as a stream's would be
            pass
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main(task: str, outcome: str) -> int:
    """Verify the task of one file and write the outcome to another."""
    end_with_parent(Path(task).parent)
    from loralint.verify.tiers import verify

    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    given = read_task(Path(task))
    try:
        done = verify(given.case, given.tiers, until_decided=given.until_decided)
    except UnusableInputError as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    write(Path(outcome), done)
    return 0


# --- children -------------------------------------------------------------------------------------


TIMEOUT = 1800
"""Seconds that a case may take where nobody says."""

NOT_IN_TIME = "it did not end in the time it was given (--timeout, --runtime-timeout)"

BOOT = """\
import os, sys
task, outcome, *sys.path[:] = sys.argv[1:]
from loralint.verify.child import main
code = main(task, outcome)
sys.stderr.flush()
os._exit(code)
"""
"""The child leaves at once: to free every object of torch and a model takes a second or more."""


class ChildError(Exception):
    """The case came to no outcome; the message says what became of the process."""


def run(task: Task, timeout: float = TIMEOUT) -> Verification:
    """The outcome of a task; ChildError where the process crashed, was killed or did not end."""
    with tempfile.TemporaryDirectory(prefix="loralint-case-") as name:
        folder = Path(name)
        write(folder / "task", task)
        code, errors = _run(folder, timeout, task.case.offline)
        try:
            return read_outcome(folder / "outcome")
        except (OSError, msgspec.MsgspecError):
            raise ChildError(_what_became(code, errors)) from None


def _run(folder: Path, timeout: float, offline: bool) -> tuple[int | None, str]:
    """The exit code (None where the time ran out), and what was written to stderr."""
    files = [str(folder / "task"), str(folder / "outcome")]
    arguments = [sys.executable, "-c", BOOT, *files, *_path()]
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,  # never written to: it ends with us
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=_environment(offline, folder),
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
    return code, (folder / "stderr").read_text(encoding="utf-8", errors="replace")


# --- this process, watched ------------------------------------------------------------------------


@dataclass(frozen=True)
class Ended:
    """How the watched half of this process has ended: its exit code, None where time ran out."""

    code: int | None


def watched(seconds: float) -> Ended | None:
    """Go on in a child, None there; to the parent, which does nothing but wait, say how it ended.

    A regular expression or a library's C code that hangs cannot be stopped from within. Where a
    process cannot be divided, or its output is not its own, there is no limit.
    """
    if not _can_divide():
        return None
    folder = tempfile.mkdtemp(prefix="loralint-")
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(writing)
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        os.dup2(reading, 0)
        end_with_parent(Path(folder))
        return None
    os.close(reading)
    try:
        return Ended(_wait(process, seconds))
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(process, 0)
        os.close(writing)
        shutil.rmtree(folder, ignore_errors=True)


def _can_divide() -> bool:
    """Whether there is one thread, nothing large is loaded, and the output goes to the system."""
    if not hasattr(os, "fork") or "torch" in sys.modules or threading.active_count() > 1:
        return False
    try:
        return (sys.stdout.fileno(), sys.stderr.fileno()) == (1, 2)
    except (OSError, ValueError, AttributeError):
        return False


def _wait(process: int, seconds: float) -> int | None:
    until = time.monotonic() + seconds
    pause = 0.005
    while time.monotonic() < until:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(0.1, pause * 1.5)
    return None


def end_on_sigterm() -> None:
    """Have SIGTERM, which a CI sends when its time is over, unwind: children and folders go."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, leave)


def _path() -> list[str]:
    """Our own import path without the working directory: a `torch.py` there is the project's."""
    here = str(Path.cwd())
    ours = str(Path(__file__).parents[2])
    return [one for one in sys.path if one not in ("", here) or one == ours]


def _environment(offline: bool, folder: Path) -> dict[str, str]:
    """What the child leaves behind is in our folder, and goes with it."""
    here = {"TMPDIR": str(folder)}
    quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "TOKENIZERS_PARALLELISM": "false"}
    network = {"HF_HUB_OFFLINE": "1"} if offline else {}
    return {**os.environ, **quiet, **network, **here}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it has started."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _what_became(code: int | None, errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    last = lines[-1][:300] if lines else "without a word"
    if code is None:
        return NOT_IN_TIME
    if code == UNUSABLE:
        return last
    if code == -signal.SIGKILL:
        return "its process was killed, most likely because the memory was full"
    if code < 0:
        return f"its process crashed ({signal.Signals(-code).name})"
    return f"its process failed: {last}"
