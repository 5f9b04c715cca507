"""`python -m loralint`."""

from __future__ import annotations

import sys

from loralint.cli import main

if __name__ == "__main__":  # a worker process imports this module again
    sys.exit(main())
