"""Projects that are fixed through the real command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loralint.cli.group import loralint


@pytest.fixture
def check(monkeypatch):
    """Run `loralint check` at the root of a folder."""

    def run(folder: Path, *words: str, stdin: bytes | None = None) -> Result:
        monkeypatch.chdir(folder)
        return CliRunner().invoke(loralint, ["check", "--isolated", *words], input=stdin)

    return run
