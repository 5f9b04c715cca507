"""The configurations that PEFT tests itself with, read from its tests when they are needed.

Nothing of them is kept here: the next release of PEFT brings its own. Of a test file only the
imports and the lists at its top level are evaluated, no test.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

LIBRARIES = ("peft", "torch", "transformers")


@dataclass(frozen=True)
class Row:
    """One configuration: where it stands, its class, and what it is made with."""

    source: str
    config: type
    given: dict[str, Any]


def checkout(folder: Path) -> Path:
    """PEFT's source of the installed version with its tests, fetched once from the registry."""
    name = f"peft-{version('peft')}"
    if not (folder / name / "tests").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:",
             "--no-build-isolation", "--dest", str(folder), name.replace("-", "==")],
            check=True,
        )  # fmt: skip
        with tarfile.open(folder / f"{name}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return folder / name


def rows(source: Path) -> list[Row]:
    """Every configuration of every list, in the order of the files."""
    found: list[Row] = []
    for path in sorted((source / "tests").glob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        known = _imported(tree)
        for name, value in _lists(tree):
            label = f"{path.stem.removeprefix('test_')}.{name}"
            try:
                listed = eval(compile(ast.Expression(value), str(path), "eval"), known)
            except NameError:  # it is made of more than what libraries give
                continue
            configs = enumerate(_configs(listed))
            found += [Row(f"{label}[{at}]", *one) for at, one in configs]
    return found


def _imported(tree: ast.Module) -> dict[str, Any]:
    """What a file imports from the libraries."""
    known: dict[str, Any] = {}
    for node in tree.body:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
        if any(name.split(".")[0] in LIBRARIES for name in names):
            exec(compile(ast.Module([node], []), "imports", "exec"), known)
    return known


def _lists(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.List, ast.Dict)):
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id.isupper():
                yield target.id, node.value


def _configs(listed: Any) -> Iterator[tuple[type, dict[str, Any]]]:
    """The pairs of a class and its arguments, and finished configurations, however they lie."""
    from peft import PeftConfig

    if isinstance(listed, PeftConfig):
        plain = type(listed)()
        given = {name: value for name, value in vars(listed).items()
                 if value != getattr(plain, name, None)}  # fmt: skip
        yield type(listed), given
    elif isinstance(listed, dict):
        for value in listed.values():
            yield from _configs(value)
    elif isinstance(listed, (list, tuple)):
        kind = None
        for one in listed:
            if kind is not None and isinstance(one, dict):
                yield kind, one
            elif isinstance(one, type) and issubclass(one, PeftConfig):
                kind = one
            else:
                kind = None
                yield from _configs(one)
