"""Whether a project brought its own cache along.

A cache in a repository would let whoever wrote it decide what is found: it is not read. Ours
keeps itself out by its .gitignore, so only somebody who forced it in is turned down.
"""

from __future__ import annotations

from pathlib import Path


def is_committed(folder: Path) -> bool:
    """Whether git keeps anything in this folder under version control."""
    index = _index(folder)
    try:
        return index is not None and f"{folder.name}/".encode() in index.read_bytes()
    except OSError:
        return False


def _index(folder: Path) -> Path | None:
    """The index of the repository around a folder; paths stand in it as they are."""
    for parent in folder.parents:
        git = parent / ".git"
        if git.is_dir():
            return git / "index"
        if git.is_file():  # a work tree or a submodule: "gitdir: <path>"
            named = git.read_text(encoding="utf-8", errors="replace").partition("gitdir:")[2]
            return parent / named.strip() / "index"
    return None
