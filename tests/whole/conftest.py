"""The small project that the tests of this folder write."""

from __future__ import annotations

from tests.whole.running import small

__all__ = ["small"]
