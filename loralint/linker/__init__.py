"""Facts of all files → the linked project.

`link` is the entrance; `wanted` says which files and names it would need to see more.
"""

from __future__ import annotations

from loralint.linker.linking import link
from loralint.linker.wanted import Asked, Wanted, wanted

__all__ = ["Asked", "Wanted", "link", "wanted"]
