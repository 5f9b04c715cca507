"""Runs loralint commands one by one, each in a process of its own, and says what each cost.

saving.py starts this file with the checkout to run on PYTHONPATH. Every line of standard input is
a request: `{"words", "folder", "stdout", "stderr", "limit"}`; every line of standard output answers
one: `{"exit", "timed_out", "cpu", "wall", "peak_mb"}`.

Without `--forked` a process is a fresh `python -m loralint`, and its cost is what a user pays. With
it a process is a fork of this one, which has imported all that earlier processes needed: the same
answers, for many small projects ten times as fast, with the imports left out of the cost.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn


def main() -> None:
    """Answer requests until there are no more."""
    needed = None
    if "--forked" in sys.argv:
        number, name = tempfile.mkstemp()
        os.close(number)
        needed = Path(name)
    try:
        for line in sys.stdin:
            print(json.dumps(answered(json.loads(line), needed)), flush=True)
    finally:
        if needed is not None:
            needed.unlink()


def answered(request: dict[str, Any], needed: Path | None) -> dict[str, Any]:
    """Run one command to its end, or to its limit; `needed` takes the modules it imported."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.setsid()
        become(request, needed)
    timed_out = False

    def give_up(*_: object) -> None:
        nonlocal timed_out
        timed_out = True
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(request["limit"])
    _, status, used = os.wait4(child, 0)
    signal.alarm(0)
    if needed is not None:
        import_all(needed)
    return {
        "exit": os.waitstatus_to_exitcode(status),
        "timed_out": timed_out,
        "cpu": round(used.ru_utime + used.ru_stime, 3),
        "wall": round(time.monotonic() - began, 3),
        "peak_mb": round(used.ru_maxrss / 1024, 1),
    }


def become(request: dict[str, Any], needed: Path | None) -> NoReturn:
    """Turn this process into the command."""
    os.chdir(request["folder"])
    writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, request["stdout"], writing),
        (2, request["stderr"], writing),
    ):
        os.dup2(os.open(path, flags, 0o644), number)
    if needed is None:
        os.execv(sys.executable, [sys.executable, "-m", "loralint", *request["words"]])
    sys.argv = ["loralint", *request["words"]]
    code: object = 1
    try:
        from loralint.cli import main as loralint

        code = loralint()
    except SystemExit as left:
        code = left.code
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    needed.write_text("\n".join(sys.modules), encoding="utf-8")
    os._exit(code if isinstance(code, int) else int(code is not None))


def import_all(needed: Path) -> None:
    """Import what the last process had imported, for the next ones to find."""
    missing = set(needed.read_text(encoding="utf-8").split("\n")) - {*sys.modules, ""}
    for name in sorted(missing):
        with suppress(Exception):
            importlib.import_module(name)
    if missing:
        gc.freeze()


if __name__ == "__main__":
    main()
