"""The lowest versions that fixes claim to run with, read for what they take: the real wheels."""

from __future__ import annotations

import ast
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import pytest

from loralint.catalog.since import SINCE, Since

FIELDS_OF = {"LoraConfig": ("LoraConfig", "PeftConfig", "PeftConfigMixin")}
"""Classes whose fields are keywords, with those that they inherit from."""


@pytest.mark.parametrize("row", SINCE, ids=lambda row: f"{row.callee} {row.keyword}")
def test_the_release_takes_the_keyword(row: Since, tmp_path: Path) -> None:
    assert row.keyword in taken(wheel(row, tmp_path), row.callee)


def wheel(row: Since, folder: Path) -> Path:
    """The wheel of the release, from the index; skipped where that is out of reach."""
    version = ".".join(map(str, (*row.release, 0)[:3]))
    words = ("download", "-q", "--no-deps", "--only-binary", ":all:", "--retries", "0")
    name = f"{row.package.replace('_', '-')}=={version}"
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, "--timeout", "30", "-d", str(folder), name],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = next(folder.glob("*.whl"), None)
    if found is None:
        pytest.skip((done.stderr.strip().splitlines() or ["no answer"])[-1])
    return found


def taken(path: Path, callee: str) -> set[str]:
    """The keywords of a function or class, wherever in a wheel it is defined."""
    wanted = FIELDS_OF.get(callee, (callee,))
    found: set[str] = set()
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode(errors="replace") if name.endswith(".py") else ""
            if any(f" {each}(" in text or f" {each}:" in text for each in wanted):
                for node in ast.walk(_tree(text)):
                    if getattr(node, "name", None) in wanted:
                        found.update(_keywords(node))
    return found


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _keywords(node: ast.AST) -> set[str]:
    if isinstance(node, ast.FunctionDef):
        return {each.arg for each in (*node.args.args, *node.args.kwonlyargs)}
    if not isinstance(node, ast.ClassDef):
        return set()
    fields = {each.target.id for each in node.body
              if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)}  # fmt: skip
    makers = (each for each in node.body if getattr(each, "name", "") == "__init__")
    return fields.union(*(_keywords(each) for each in makers))
