"""Running a case in a child process: its crash, its hunger or its sleep is one undecided case."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec

from loralint.verify import child
from loralint.verify.child import Task
from loralint.verify.outcome import Verification

TIMEOUT = 1800
"""Seconds that a case may take where nobody says."""

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
        child.write(folder / "task", task)
        code, errors = _run(folder, timeout, task.case.offline)
        try:
            return child.read_outcome(folder / "outcome")
        except (OSError, msgspec.MsgspecError):
            raise ChildError(_what_became(code, errors)) from None


def _run(folder: Path, timeout: float, offline: bool) -> tuple[int | None, str]:
    """The exit code (None where the time ran out), and what was written to stderr."""
    files = [str(folder / "task"), str(folder / "outcome")]
    arguments = [sys.executable, "-c", BOOT, *files, *_path()]
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=_environment(offline),
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
    return code, (folder / "stderr").read_text(encoding="utf-8", errors="replace")


def _path() -> list[str]:
    """Our own import path without the working directory: a `torch.py` there is the project's."""
    here = str(Path.cwd())
    ours = str(Path(__file__).parents[2])
    return [one for one in sys.path if one not in ("", here) or one == ours]


def _environment(offline: bool) -> dict[str, str]:
    quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "TOKENIZERS_PARALLELISM": "false"}
    network = {"HF_HUB_OFFLINE": "1"} if offline else {}
    return {**os.environ, **quiet, **network}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it has started."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()


def _what_became(code: int | None, errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    last = lines[-1][:300] if lines else "without a word"
    if code is None:
        return "it did not end in the time it was given (--runtime-timeout)"
    if code == child.UNUSABLE:
        return last
    if code == -signal.SIGKILL:
        return "its process was killed, most likely because the memory was full"
    if code < 0:
        return f"its process crashed ({signal.Signals(-code).name})"
    return f"its process failed: {last}"
