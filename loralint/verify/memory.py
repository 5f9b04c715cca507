"""Memory that was freed and is still ours."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress


def give_back() -> None:
    """Return what is free to the system.

    glibc keeps, by chance, up to twice a model's size of what loading has freed. Other platforms
    do this by themselves, or have no call for it.
    """
    gc.collect()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # musl has no malloc_trim
            ctypes.CDLL(None).malloc_trim(0)
