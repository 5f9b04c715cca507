"""`python -m loralint`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Python puts the working directory first, and with it a project's own `inspect.py` before the
# library's: what is checked must not run. pip and others do the same.
if sys.path[:1] in ([""], [str(Path.cwd())]):
    del sys.path[0]

# Python looks for modules in the working directory first: a project's `inspect.py` or `typing.py`
# would run in place of the standard library's.
if sys.path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109  # pathlib could be theirs too
    del sys.path[0]

from loralint.cli import main

if __name__ == "__main__":  # a worker process imports this module again
    sys.exit(main())
