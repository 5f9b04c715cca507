"""A small project, a made-up Hub cache for it, and the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loralint.cli import loralint
from tests.hub.cache import FakeCache


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HOME", "HF_ENDPOINT", "HF_HUB_OFFLINE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    # What the library read when other tests imported it. Not imported here: this module is read
    # before those of `tests/verify` have said where the cache is.
    if (constants := sys.modules.get("huggingface_hub.constants")) is not None:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is also the working directory."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCache:
    """The Hub cache of this machine, empty."""
    cache = FakeCache(tmp_path / "hub-cache")
    cache.folder.mkdir()
    monkeypatch.setenv("HF_HUB_CACHE", str(cache.folder))
    return cache


@pytest.fixture
def run() -> Callable[..., Result]:
    """`loralint ARGUMENTS` in this process."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(loralint, list(arguments))

    return run


@pytest.fixture
def write(project: Path) -> Callable[..., None]:
    """Write files of the project: `write({"a.py": "..."})`."""

    def write(files: dict[str, str]) -> None:
        for name, text in files.items():
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    return write
