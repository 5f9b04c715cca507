"""The formatters that people run after loralint has written into their code."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

COMMANDS = {"black": ("-q", "-"), "ruff": ("format", "-")}


def formatted(formatter: str, text: str, *options: str) -> str:
    """A module as black or ruff leaves it; the test is skipped where there is none."""
    program = _program(formatter)
    words = (*program, *options, *COMMANDS[formatter]) if formatter == "black" else (
        *program, *COMMANDS[formatter], "--isolated", *options)  # fmt: skip
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=True)
    return done.stdout


def _program(formatter: str) -> tuple[str, ...]:
    if find_spec(formatter) is not None:
        return sys.executable, "-m", formatter
    found = shutil.which(formatter)
    if found is None:
        pytest.skip(f"{formatter} is not installed")
    return (found,)
