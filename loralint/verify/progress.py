"""What a person sees while a tier works; a program sees nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Progress:
    """Silent: the command line has one that draws on a terminal."""

    @contextmanager
    def step(self, label: str, total: int = 0) -> Iterator[None]:
        """A stretch of work; `total` is in bytes or tensors, 0 where nobody can say."""
        yield

    def advance(self, amount: int = 1) -> None:
        """So much more of the innermost step is done."""


SILENT = Progress()
