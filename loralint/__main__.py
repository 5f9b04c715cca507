"""`python -m loralint`."""

from __future__ import annotations

import os
import sys

# Python puts the working directory first, and with it a project's own `inspect.py` before the
# library's: what is checked must not run. Until it is gone nothing is imported that is not there.
try:
    if sys.path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109  # pathlib could be theirs too
        del sys.path[0]
except OSError:  # the working directory is gone: the group says so
    del sys.path[0]

try:
    from loralint.cli import main

    if __name__ == "__main__":  # a worker process imports this module again
        sys.exit(main())
except KeyboardInterrupt:  # before there is anybody to say so
    sys.exit(130)
