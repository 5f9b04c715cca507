"""A small project with issue 1678 in it, and two ways to run the command line on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from small_project import OTHER, SERVE, TRAIN

from loralint.cli import loralint


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "LORALINT_TRACEBACK", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, which is also the working directory."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    for name, text in {"train.py": TRAIN, "serve.py": SERVE, "tools/other.py": OTHER}.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def run() -> Callable[..., Result]:
    """`loralint ARGUMENTS` in this process."""

    def run(*arguments: str, stdin: bytes | str | None = None) -> Result:
        return CliRunner().invoke(loralint, list(arguments), input=stdin)

    return run


@pytest.fixture
def start() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`python -m loralint ARGUMENTS` as a process of its own."""

    def start(*arguments: str, code: str | None = None, **environment: str):
        program = ["-c", code] if code is not None else ["-m", "loralint"]
        return subprocess.run(
            [sys.executable, *program, *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        )

    return start
