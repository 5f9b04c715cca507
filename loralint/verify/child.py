"""A case in a process of its own: read a task, verify, write the outcome."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import msgspec

from loralint.verify.case import Case
from loralint.verify.outcome import TierName, UnusableInputError, Verification

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
