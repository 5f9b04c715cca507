"""The lock file as a file of the project: found from any part of it, and never stale in a cache."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from loralint.config import Config
from loralint.engine import Request, check
from loralint.lockfile import NAME

A, B = "a" * 40, "b" * 40
CODE = f'from transformers import AutoModel\n\nAutoModel.from_pretrained("org/a", revision="{A}")\n'


def lock(commit: str) -> str:
    return f'version = 1\n\n[[artifact]]\nid = "org/a"\ncommit = "{commit}"\nref = "main"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "x.py").write_text(CODE, encoding="utf-8")
    return tmp_path


def found(
    root: Path, scope: str = "", *, cached: bool = False, select: str = "LOR210"
) -> list[str]:
    config = Config(select=(select,))
    request = Request(str(root), (str(root / scope),), config, cached=cached)
    return [one.message for one in check(request).diagnostics]


@pytest.mark.parametrize("scope", ["", "src", "src/x.py"])
def test_the_lock_above_what_is_checked_holds(root: Path, scope: str) -> None:
    (root / NAME).write_text(lock(B), encoding="utf-8")
    assert len(found(root, scope)) == 1
    (root / NAME).write_text(lock(A), encoding="utf-8")
    assert found(root, scope) == []


@pytest.mark.parametrize("scope", ["", "src"])
def test_a_remembered_result_ends_with_the_lock_that_it_rests_on(root: Path, scope: str) -> None:
    path = root / NAME
    steps = [None, lock(B), lock(A), lock(B), None]
    results = []
    for text in steps:
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(text, encoding="utf-8")
        results.append(len(found(root, scope, cached=True)))
    assert results == [0, 1, 0, 1, 0]


def test_a_lock_that_git_ignores_holds_all_the_same(root: Path) -> None:
    (root / ".gitignore").write_text("*.lock\n", encoding="utf-8")
    (root / NAME).write_text(lock(B), encoding="utf-8")
    assert len(found(root)) == 1


@pytest.mark.parametrize(
    "text", ["version = 2\n", "version = ", "\xff", "a." * 2_000 + "b = 1\n", "x = [" * 50_000]
)
def test_a_lock_that_cannot_be_read_is_a_finding(root: Path, text: str) -> None:
    (root / NAME).write_bytes(text.encode("latin-1"))
    began = time.monotonic()
    (message,) = found(root, select="LOR001")
    assert message.startswith("this file could not be checked: ")
    assert time.monotonic() - began < 10


def test_a_link_that_leaves_the_project_is_not_followed(root: Path, tmp_path_factory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / NAME
    elsewhere.write_text(lock(B), encoding="utf-8")
    (root / NAME).symlink_to(elsewhere)
    assert found(root) == []
