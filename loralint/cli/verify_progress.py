"""What `loralint verify` shows while it works: on a terminal, on standard error, or nothing."""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from loralint.verify.progress import SILENT, Progress


class _OnTerminal(Progress):
    """A line for each step with its time; the libraries draw their own bars below it."""

    @contextmanager
    def step(self, label: str, total: int = 0) -> Iterator[None]:
        began = time.perf_counter()
        sys.stderr.write(f"  {label} ...\n")
        sys.stderr.flush()
        yield
        seconds = time.perf_counter() - began
        if seconds >= 1:
            sys.stderr.write(f"  {label}: {seconds:.1f} s\n")
            sys.stderr.flush()


@contextmanager
def progress_for(quiet: int) -> Iterator[Progress]:
    """The progress to show; the libraries keep quiet where nothing is shown.

    What they warn about we look at ourselves, and report as findings.
    """
    shown = sys.stderr.isatty() and not quiet
    if not shown:
        os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield _OnTerminal() if shown else SILENT
