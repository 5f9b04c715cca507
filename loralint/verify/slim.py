"""A faster start for runs that load no weights.

Most of a dry run's time is imports. transformers and PEFT import these libraries if they find them,
and building a model on the meta device uses none of them.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

UNUSED = ("bitsandbytes", "scipy", "sklearn", "pandas")


def hide_unused() -> None:
    """Make the libraries look absent to everything imported from now on in this process.

    Does nothing where torch has been imported before: whoever did that may want them.
    """
    if "torch" in sys.modules:
        return
    for name in UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # what import takes for absent


@contextmanager
def no_collection() -> Iterator[None]:
    """No garbage collection: imports and a model's modules are all kept, so it only costs time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
