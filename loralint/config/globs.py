"""Which paths a list of globs names, in the syntax of .gitignore.

`tests/` and `tests/*` name everything below the folder, `conftest.py` that name anywhere.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


def matches(path: str, globs: tuple[str, ...]) -> bool:
    """Whether a path relative to the project's root is named by the globs, last match first."""
    return bool(globs) and compiled(tuple(map(_plain, globs))).match_file(path)


def _plain(glob: str) -> str:
    return glob.removeprefix("./")


@lru_cache(maxsize=512)
def compiled(globs: tuple[str, ...]) -> GitIgnoreSpec:
    """The globs ready to match; pathspec is imported here, as most runs need none."""
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(globs)
