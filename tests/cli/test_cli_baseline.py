"""The baseline from end to end: which findings it knows again, and which are new."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from loralint.cli import loralint
from tests.formatters import formatted

LOAD = 'AutoModel.from_pretrained("a/b")'
NAMED = "AutoModel.from_pretrained(MODEL)"
HEAD = 'from transformers import AutoModel, AutoModelForCausalLM\n\nMODEL = "a/b"\n'
SERVE = f"{HEAD}model = {LOAD}\n"
TWO_ARGUMENTS = SERVE.replace('b")', 'b", device_map="auto")')
BY_NAME = f"{HEAD}model = {NAMED}\n"
RECIPE = "base_model: a/b\nadapter: lora\nsequence_len: 512\n"
COMMAND = "vllm serve a/b --dtype half\n"


@pytest.fixture
def accepted(tmp_path, monkeypatch, run):
    """A project of one file whose findings are accepted; returns what is found after a change."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)

    def accepted(name, before, after, **more):
        (tmp_path / name).write_text(before, encoding="utf-8")
        assert run("baseline").stdout.startswith("Accepted 1 finding in ")
        for path, text in {name: after, **more}.items():
            (tmp_path / path).write_text(text, encoding="utf-8")
        result = run("check", "--output-format", "json")
        found = [
            (one["code"], one["filename"], one["location"]["row"])
            for one in json.loads(result.stdout)
        ]
        assert result.exit_code == bool(found)
        return found

    return accepted


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("serve.py", SERVE, SERVE),
        ("serve.py", SERVE, SERVE.replace("MODEL", "import os\n\nMODEL")),
        ("serve.py", TWO_ARGUMENTS, TWO_ARGUMENTS.replace('b", d', 'b",\n    d')),
        ("serve.py", SERVE, SERVE.replace("model =", "other =")),
        ("serve.py", BY_NAME, BY_NAME.replace('"a/b"', '"a/" + "b"')),
        ("train.yml", RECIPE, "# ours\n" + RECIPE + "micro_batch_size: 2\n"),
        ("serve.sh", COMMAND, "set -e\n" + COMMAND),
    ],
)
def test_the_same_finding_is_known_again(accepted, name, before, after):
    assert accepted(name, before, after) == []


LONG = SERVE.replace('b")', 'b", ' + ", ".join(f"option_{n}='some value'" for n in range(12)) + ")")
IN_A_CALL = f"{HEAD}models.append({LOAD})\n"
CELLS = '{"cells": [%s], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
CELL = '{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": null, "source": %s}'


def notebook(text: str) -> str:
    return CELLS % (CELL % json.dumps(text.splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("serve.py", SERVE, SERVE.replace('("a/b")', '(\n    "a/b"\n)')),
        ("serve.py", SERVE, SERVE.replace('("a/b")', '(\n    "a/b",\n)')),
        ("serve.py", SERVE, SERVE.replace('("a/b")', "('a/b')")),
        ("serve.py", SERVE, SERVE.replace('("a/b")', '(\n    "a/b"  # ours\n)')),
        ("serve.py", SERVE, SERVE.replace('("a/b")', '(\n\t"a/" "b",\n)').replace("\n", "\r\n")),
        ("serve.py", LONG, LONG.replace("', ", "',\n    ")),
        ("serve.py", IN_A_CALL, IN_A_CALL.replace("append(", "append(\n    ")),
        ("n.ipynb", notebook(SERVE), notebook(SERVE.replace('("a/b")', '(\n    "a/b",\n)'))),
        ("serve.sh", COMMAND, COMMAND.replace(" --", " \\\n  --")),
    ],
    ids=["broken", "comma", "quotes", "comment", "pieces", "long", "around", "cell", "rows"],
)
def test_a_call_that_is_laid_out_anew_is_known_again(accepted, name, before, after):
    assert before != after
    assert accepted(name, before, after) == []


@pytest.mark.parametrize("formatter", ["black", "ruff"])
@pytest.mark.parametrize("code", [SERVE, TWO_ARGUMENTS, BY_NAME, LONG, IN_A_CALL])
def test_a_formatter_changes_nothing_that_is_known(accepted, formatter, code):
    ugly = code.replace('"', "'").replace("(", "( ")
    assert accepted("serve.py", ugly, formatted(formatter, ugly)) == []


def test_a_baseline_of_before_calls_had_one_form_still_counts(accepted, tmp_path):
    accepted("serve.py", SERVE, SERVE)
    path = tmp_path / ".loralint-baseline.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["findings"][0]["call"] = 'AutoModel.from_pretrained( "a/b", )'
    path.write_text(json.dumps(document), encoding="utf-8")
    assert CliRunner().invoke(loralint, ["check"]).exit_code == 0


@pytest.mark.parametrize(
    ("name", "before", "after", "row"),
    [
        ("serve.py", SERVE, SERVE.replace(LOAD, 'AutoModelForCausalLM.from_pretrained("a/b")'), 4),
        ("serve.py", SERVE, TWO_ARGUMENTS, 4),
        ("serve.py", BY_NAME, BY_NAME.replace('"a/b"', '"c/d"'), 4),
        ("train.yml", RECIPE, RECIPE.replace("a/b", "c/d"), 1),
        ("serve.sh", COMMAND, COMMAND.replace("half", "bfloat16"), 1),
        ("serve.sh", COMMAND, COMMAND.replace("a/b", "c/d"), 1),
    ],
    ids=["call", "argument", "subject alone", "recipe", "flag", "model"],
)
def test_another_call_or_subject_is_new(accepted, name, before, after, row):
    assert accepted(name, before, after) == [("LOR101", name, row)]


def test_a_second_like_call_is_new(accepted):
    assert accepted("serve.py", SERVE, SERVE + f"again = {LOAD}\n") == [("LOR101", "serve.py", 5)]


def test_the_same_call_in_another_file_is_new(accepted):
    found = accepted("serve.py", SERVE, SERVE, **{"other.py": SERVE})
    assert found == [("LOR101", "other.py", 4)]


def test_another_rule_on_the_same_call_is_new(accepted, tmp_path):
    pinned = SERVE.replace('("a/b")', '("a/b", revision=REVISION)') + "\n"
    before = pinned.replace("MODEL =", 'REVISION = "main"\nMODEL =')
    after = before.replace('"main"', '"abcdef1"')
    assert accepted("serve.py", before, after) == [("LOR104", "serve.py", 5)]


def test_what_is_hidden_is_counted_and_the_rest_reported(tmp_path, monkeypatch, run):
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    twice = SERVE + f"again = {LOAD}\n"
    (tmp_path / "serve.py").write_text(twice, encoding="utf-8")
    assert run("baseline").stdout.startswith("Accepted 2 findings in ")
    (tmp_path / "serve.py").write_text(twice + f"third = {LOAD}\n", encoding="utf-8")
    shown = run("check", "--color", "never")
    assert shown.exit_code == 1
    assert "serve.py:6:9" in shown.stdout and "serve.py:5:" not in shown.stdout
    assert "2 in the baseline" in shown.stdout
    assert run("baseline").stdout.startswith("Accepted 3 findings in ")
    assert run("check").exit_code == 0


def test_without_the_baseline_all_is_reported(accepted, run):
    accepted("serve.py", SERVE, SERVE)
    assert run("check").exit_code == 0
    shown = run("check", "--no-baseline", "--output-format", "concise")
    assert shown.exit_code == 1 and "serve.py:4" in shown.stdout
    assert run("check", "--no-baseline", "--baseline", "x.json").exit_code == 2


def test_what_is_no_longer_found_is_taken_out(run, tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "serve.py").write_text(SERVE + 'again = AutoModel.from_pretrained("a/c")\n')
    run("baseline")
    assert run("baseline", "--prune").stdout.startswith("Nothing to take out")
    (tmp_path / "serve.py").write_text(SERVE + 'new = AutoModel.from_pretrained("a/d")\n')
    result = run("baseline", "--prune")
    assert "Took 1 finding out of .loralint-baseline.json; 1 left." in result.stdout
    shown = run("check", "--output-format", "concise")
    assert shown.exit_code == 1 and "a/d" in shown.stdout and "a/b" not in shown.stdout
