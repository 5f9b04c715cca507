"""Notebooks through the command line: findings by cell and row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from loralint.cli import loralint

TRAIN = [
    ("markdown", "# Train"),
    ("code", "%%capture\n!pip install peft"),
    ("code", "from transformers import AutoModelForCausalLM\nfrom peft import get_peft_model, "
     'LoraConfig\nbase = "org/phi"'),
    ("code", 'model = AutoModelForCausalLM.from_pretrained(base, revision="refs/pr/23")\n'
     'model = get_peft_model(model, LoraConfig())\nmodel.save_pretrained("out/lora")'),
]  # fmt: skip
SERVE = [
    ("code", "import transformers, peft"),
    ("code", 'if True:\n    !nvidia-smi\n    model = transformers.AutoModelForCausalLM'
     '.from_pretrained("org/phi")\nmodel = peft.PeftModel.from_pretrained(model, "out/lora")'),
]  # fmt: skip


def write(path: Path, cells: list[tuple[str, str]]) -> None:
    """Write a notebook."""
    full = [
        {"cell_type": kind, "source": text.splitlines(keepends=True), "metadata": {}}
        for kind, text in cells
    ]
    path.write_text(json.dumps({"cells": full, "metadata": {}, "nbformat": 4}))


def check(folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> list[dict[str, Any]]:
    """The findings of a folder."""
    monkeypatch.chdir(folder)
    arguments = ["check", "--no-cache", "--output-format", "json", *more, "."]
    found: list[dict[str, Any]] = json.loads(CliRunner().invoke(loralint, arguments).stdout)
    return found


def test_a_pair_of_notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "train.ipynb", TRAIN)
    write(tmp_path / "serve.ipynb", SERVE)
    [mismatch] = check(tmp_path, monkeypatch, "--select", "LOR201")
    assert (mismatch["filename"], mismatch["cell"]) == ("serve.ipynb", 2)
    assert mismatch["location"] == {"row": 3, "column": 13}
    [related] = mismatch["related"]
    assert (related["filename"], related["cell"]) == ("train.ipynb", 4)


def test_a_broken_cell_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        tmp_path / "n.ipynb",
        [*TRAIN, ("code", "\nprint 'from_pretrained'"), ("code", "def from_pretrained(")],
    )
    found = check(tmp_path, monkeypatch, "--select", "LOR001")
    assert [(one["cell"], one["location"]["row"]) for one in found] == [(5, 2), (6, 1)]
    assert all(one["message"].startswith("this cell could not be checked") for one in found)


def test_a_comment_silences_its_own_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = 'transformers.AutoModel.from_pretrained("a/b")'
    cells = [("code", "import transformers"), ("code", f"{load}  # loralint: ignore[LOR101] x"),
             ("code", load), ("code", "x = 1  # loralint: ignore[LOR101]")]  # fmt: skip
    write(tmp_path / "n.ipynb", cells)
    missing, unused = check(tmp_path, monkeypatch, "--select", "LOR101,LOR002")
    assert (missing["code"], missing["cell"]) == ("LOR101", 3)
    assert (unused["code"], unused["cell"]) == ("LOR002", 4)
    assert unused["fix"]["edits"][0]["location"] == {"row": 1, "column": 6}


def test_the_source_line_is_the_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "serve.ipynb", SERVE)
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(loralint, ["check", "--no-cache", "--color", "never", "."]).stdout
    assert "serve.ipynb:cell 2:3:13" in shown
    assert "    model = transformers.AutoModelForCausalLM" in shown
