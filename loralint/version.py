"""The version: in a file of its own, so that nothing has to import the package for it."""

from __future__ import annotations

__version__ = "0.1.0"
