"""The command line: one file a command. What is imported here is paid for by every start."""

from __future__ import annotations

import gc
import sys
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
    from loralint.cli.group import loralint

    try:
        loralint.main(prog_name="loralint")
    except SystemExit as left:
        if "torch" in sys.modules:
            _leave_at_once(left.code)
        raise
    return 0


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
