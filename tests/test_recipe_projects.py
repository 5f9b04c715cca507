"""Small repositories with recipes in them, run through the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from loralint.cli import loralint

PROJECTS = Path(__file__).with_name("projects")
FOUND = {
    "recipe-train-script-serve": [
        ("LOR101", "serve.py:5", []),
        ("LOR201", "serve.py:5", ["mistral.yml:1:1-11"]),
        ("LOR202", "instruct.py:4", ["mistral.yml:1:1-11"]),
        ("LOR204", "serve.py:5", ["mistral.yml:1:1-11"]),
    ],
    "recipe-train-recipe-merge": [
        ("LOR101", "merge.yaml:1", []),
        ("LOR201", "merge.yaml:1", ["train.yaml:1:1-19"]),
    ],
    "recipe-many-to-one-folder": [],
    "recipe-pinned": [],
}
"""What is found: rule, place, and the related places with the columns that are underlined."""


def check(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str):
    root = folder / name
    shutil.copytree(PROJECTS / name, root)
    (root / ".git").mkdir()
    monkeypatch.chdir(root)
    return CliRunner().invoke(loralint, ["check", "--no-cache", *more])


@pytest.mark.parametrize("name", FOUND)
def test_project(name, tmp_path, monkeypatch):
    result = check(name, tmp_path, monkeypatch, "--output-format", "json")
    found = [
        (one["code"], f"{one['filename']}:{one['location']['row']}", _places(one["related"]))
        for one in json.loads(result.stdout)
    ]
    assert sorted(found) == FOUND[name]


def _places(related):
    return [
        f"{one['filename']}:{one['location']['row']}:{one['location']['column']}"
        f"-{one['end_location']['column']}"
        for one in related
    ]


def test_the_key_is_underlined_and_the_right_key_is_named(tmp_path, monkeypatch):
    text = check("recipe-train-recipe-merge", tmp_path, monkeypatch).stdout
    assert "1 | model_name_or_path: Qwen/Qwen3-4B\n  | ^^^^^^^^^^^^^^^^^^\n" in text
    assert "1 | model_name_or_path: Qwen/Qwen3-4B\n  | ------------------ the model" in text
    assert "set `model_revision` to" in text


def test_a_tree_of_data_is_not_read(tmp_path, monkeypatch):
    for number in range(20):
        (tmp_path / f"{number}.json").write_text('{"model": "a", "rows": [1, 2]}')
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(loralint, ["check", "--no-cache"])
    assert result.exit_code == 3, "data is no file to check"


def test_a_recipe_alone_is_checked(tmp_path, monkeypatch):
    text = (PROJECTS / "recipe-train-recipe-merge" / "merge.yaml").read_text()
    (tmp_path / "merge.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(loralint, ["check", "--no-cache", "--output-format", "json"])
    assert [one["code"] for one in json.loads(result.stdout)] == ["LOR101"]


def test_the_pin_of_the_training_recipe_is_copied(tmp_path, monkeypatch):
    result = check("recipe-train-recipe-merge", tmp_path, monkeypatch, "--output-format", "json")
    (fix,) = [one["fix"] for one in json.loads(result.stdout) if one["code"] == "LOR201"]
    (edit,) = fix["edits"]
    assert fix["applicability"] == "safe"
    assert edit["content"] == 'model_revision: "1cfa9a7208912126459214e8b04321603b3df60c"\n'
    assert (edit["filename"], edit["location"]) == ("merge.yaml", {"row": 1, "column": 1})
