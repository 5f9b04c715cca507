"""File paths ↔ import names.

A name is looked for as Python would: beside the importing file and in the folders above it (one
of them is the root of the import path), each with a `src` folder. A name that only one file of
the project can mean is that file, as code that changes `sys.path` needs.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from posixpath import dirname

from loralint.catalog import PACKAGES


class Modules:
    """The Python files of a project by import name."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(path for path in paths if path.endswith((".py", ".pyi")))
        self._found: dict[tuple[str, str], str | None] = {}
        self._folders: dict[str, tuple[str, ...]] = {}
        self._by_stem: defaultdict[str, list[str]] = defaultdict(list)
        for path in self._paths:
            self._by_stem[_stem(path)].append(path)

    def find(self, importer: str, module: str) -> str | None:
        """The project's file that `module` means in the file `importer`."""
        key = (importer.rpartition("/")[0], module)
        if key not in self._found:
            self._found[key] = self._search(importer, module)
        return self._found[key]

    def __contains__(self, path: str) -> bool:
        return path in self._paths

    def ending(self, below: str) -> str | None:
        """The one file of the project whose path ends like this."""
        stem = below.removesuffix(".py").rpartition("/")[2]
        same = (path for path in self._by_stem[stem] if f"/{path}".endswith(f"/{below}"))
        found = list(same)
        return found[0] if len(found) == 1 else None

    def _search(self, importer: str, module: str) -> str | None:
        if module.startswith("."):
            return self._at(relative(importer, module))
        below = module.replace(".", "/")
        for folder in self._import_folders(dirname(importer)):
            found = self._at(f"{folder}/{below}" if folder else below)
            if found is not None and found != importer:
                return found
        return self._unique(below)

    def _at(self, stem: str) -> str | None:
        # A folder wins over a file of the same name, as it does in Python.
        for path in (f"{stem}/__init__.py" if stem else "__init__.py", f"{stem}.py"):
            if path in self._paths:
                return path
        return None

    def _import_folders(self, folder: str) -> tuple[str, ...]:
        if folder not in self._folders:
            above = [folder]
            while above[-1]:
                above.append(dirname(above[-1]))
            with_src = (f"{each}/src" if each else "src" for each in above)
            self._folders[folder] = (*above, *with_src)
        return self._folders[folder]

    def _unique(self, below: str) -> str | None:
        root = below.partition("/")[0]
        if root in PACKAGES or root in sys.stdlib_module_names:
            return None
        ends = (f"/{below}.py", f"/{below}/__init__.py")
        fitting = [path for path in self._by_stem[below.rpartition("/")[2]] if path.endswith(ends)]
        return fitting[0] if len(fitting) == 1 else None


def _stem(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return folder.rpartition("/")[2] if name == "__init__.py" else name.rpartition(".")[0]


def relative(importer: str, module: str) -> str:
    """The path, without suffix, that a relative import means."""
    name = module.lstrip(".")
    folder = dirname(importer)
    for _ in range(len(module) - len(name) - 1):
        folder = dirname(folder)
    parts = [part for part in (folder, name.replace(".", "/")) if part]
    return "/".join(parts)
