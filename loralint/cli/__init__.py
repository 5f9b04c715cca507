"""The command line: one file a command. What is imported here is paid for by every start."""

from __future__ import annotations

import gc
import sys
from signal import SIG_DFL, SIGTERM, signal
from typing import TYPE_CHECKING, Any

from loralint.version import __version__

if TYPE_CHECKING:
    from loralint.cli.group import loralint as loralint


def main() -> int:
    """Run the command line and return the exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        print(f"loralint {__version__}")
        return 0
    gc.disable()  # a run makes no cycles, and to look for some takes a fifth of its time
    signal(SIGTERM, _terminated)
    try:
        from loralint.cli.group import loralint

        loralint.main(prog_name="loralint")
    except KeyboardInterrupt:  # in the first moments: later the group says so
        sys.exit(130)
    except SystemExit as left:
        if "torch" in sys.modules:
            _leave_at_once(left.code)
        raise
    return 0


def _terminated(number: int, _frame: object) -> None:
    """Leave as after an error, so that what was begun is cleared away."""
    signal(SIGTERM, SIG_DFL)  # a second one ends it whatever it is at
    sys.exit(128 + number)


def _leave_at_once(code: object) -> None:
    """Exit without freeing every object: with torch and its kin that takes a second or more."""
    import atexit
    import os
    from contextlib import suppress

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # whoever read it has gone
            stream.flush()
    os._exit(code if isinstance(code, int) else 0)


def __getattr__(name: str) -> Any:
    """The click group `loralint`, imported when somebody asks for it."""
    if name != "loralint":
        raise AttributeError(name)
    from loralint.cli.group import loralint

    return loralint
