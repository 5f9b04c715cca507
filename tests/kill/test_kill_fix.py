"""`check --fix --unsafe-fixes`, from the command line to the last file, killed a hundred times."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.kill.harness import kill_often, loralint

FILES = 3
"""Of each kind."""

FILLING = "# " + "x" * 98 + "\n"
SCRIPT = """\
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("a/b", revision="v1.0")
tokenizer = AutoTokenizer.from_pretrained("a/b")  # {0}
"""
QUANTISED = """\
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("a/b{0}", revision="v1.0", load_in_4bit=True)
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    (root / "serving").mkdir()
    for number in range(FILES):
        script = SCRIPT.format(number) + FILLING * 40
        (root / f"serve{number}.py").write_text(script, encoding="utf-8")
        quantised = QUANTISED.format(number) + FILLING * 40
        (root / "serving" / f"quantised{number}.py").write_text(quantised, encoding="utf-8")
        (root / "serving" / f"serve{number}.ipynb").write_text(notebook(number), encoding="utf-8")
    return root


def notebook(number: int) -> str:
    source = SCRIPT.format(number).splitlines(keepends=True)
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": source}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_fix(project: Path) -> None:
    files = sorted(str(path.relative_to(project)) for path in project.rglob("*[0-9].*"))
    assert len(files) == 3 * FILES
    killed = kill_often(project, loralint("check", "--fix", "--unsafe-fixes"), files)
    assert (killed.torn, killed.broken) == ([], [])
    assert killed.states["mixed"] >= 10, killed.states  # it was hit where it hurts
    assert all(path.name.startswith(".") for path in killed.litter)
    assert killed.litter, "no kill hit a write: what becomes of temporary files is not seen"
    assert not killed.kept
