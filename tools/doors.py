"""`make lint`: nothing opens, reads or writes a file but the doors that are made for it.

    python tools/doors.py [FOLDER]

A file of a project may be a pipe, a device or a link to somebody's home: `loralint/reading.py` and
`loralint/writing.py` know that. Whoever needs another way is a row in ALLOWED, with the reason.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

METHODS = frozenset(
    "read_text read_bytes write_text write_bytes open touch symlink_to hardlink_to".split()
)
"""Of paths; `open` also as a function."""

FUNCTIONS = frozenset(
    """os.open os.fdopen os.replace os.rename os.truncate os.link os.symlink io.open codecs.open
    shutil.copy shutil.copyfile shutil.copy2 shutil.copytree shutil.move mmap.mmap
    tempfile.NamedTemporaryFile tempfile.mkstemp""".split()
)

ALLOWED = {
    "reading.py": "the door for reading",
    "writing.py": "the door for writing",
    "cli/output.py": "standard output is led to nowhere when its reader has gone",
    "verify": "weights of gigabytes, through safetensors, and temporary folders of its own",
}


def openings(path: Path) -> Iterator[tuple[int, str]]:
    """The rows of a module in which it opens a file by itself, and with what."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            is_method = isinstance(node.func, ast.Attribute) and node.func.attr in METHODS
            if name == "open" or name in FUNCTIONS or (is_method and name not in _NO_FILES):
                yield node.lineno, name


_NO_FILES = frozenset({"webbrowser.open", "installed.read_text"})
"""A browser, and the metadata of what pip has installed."""


def _is_allowed(path: Path) -> bool:
    return any(each.as_posix() in ALLOWED for each in (path, *path.parents))


def main(folder: Path) -> int:
    """Print every opening that is not allowed; 1 where there is one."""
    found = [
        f"{path}:{row}: {name}: use loralint.reading or loralint.writing"
        for path in sorted(folder.rglob("*.py"))
        if not _is_allowed(path.relative_to(folder))
        for row, name in openings(path)
    ]
    print("\n".join(found) or f"Nothing but {' and '.join(list(ALLOWED)[:2])} opens a file.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:2] or ["loralint"])))
