"""The other commands: inventory, pairs, rule, config, baseline."""

from __future__ import annotations

import json

import pytest
from small_project import OTHER

from loralint.rules import RULES
from loralint.verify.codes import CODES


def test_inventory_in_json(project, run):
    listed = json.loads(run("inventory", "--output-format", "json").stdout)
    assert [(one["filename"], one["artifact"]) for one in listed] == [
        ("serve.py", "base-model"),
        ("serve.py", "adapter"),
        ("tools/other.py", "tokenizer"),
        ("train.py", "base-model"),
    ]
    assert listed[3] == {
        "filename": "train.py",
        "cell": None,
        "location": {"row": 4, "column": 8},
        "loader": "transformers.AutoModelForCausalLM.from_pretrained",
        "artifact": "base-model",
        "repo_id": {"status": "known", "values": ["microsoft/phi-2"], "reason": None},
        "revision": {"status": "pull-request", "values": ["refs/pr/23"]},
        "stage": "train",
    }
    assert listed[1]["repo_id"] == {"status": "local", "values": ["out/phi"], "reason": None}


LOADS = """\
import argparse, os, sys
from transformers import AutoModel

parser = argparse.ArgumentParser()
parser.add_argument("--model", default="acme/default")
parser.add_argument("--revision")
parser.add_argument("--required", required=True)
args = parser.parse_args()
one = "acme/a" if sys.argv else "acme/b"
local = "out/model" if sys.argv else "acme/b"
"""


@pytest.mark.parametrize(
    ("arguments", "repo_id", "revision"),
    [
        ("'acme/a'", ("known", ["acme/a"]), ("absent", [])),
        (f"'acme/a', revision='{'b' * 40}'", ("known", ["acme/a"]), ("commit", ["b" * 40])),
        ("'acme/a', revision='main'", ("known", ["acme/a"]), ("default-branch", ["main"])),
        ("'acme/a', revision=None", ("known", ["acme/a"]), ("default-branch", [None])),
        ("'acme/a', revision='v1.0'", ("known", ["acme/a"]), ("branch-or-tag", ["v1.0"])),
        ("'acme/a', revision='deadbee'", ("known", ["acme/a"]), ("abbreviated", ["deadbee"])),
        ("'acme/a', revision=args.revision", ("known", ["acme/a"]), ("forwarded", [])),
        ("'acme/a', revision=os.urandom(1)", ("known", ["acme/a"]), ("unknown", [])),
        ("args.model", ("default", ["acme/default"]), ("absent", [])),
        ("one", ("choice", ["acme/a", "acme/b"]), ("absent", [])),
        ("args.required", ("unknown", []), ("absent", [])),
        ("local", ("choice", ["out/model", "acme/b"]), ("absent", [])),
        ("'./out/model'", ("local", ["./out/model"]), ("absent", [])),
        ("'your-org/model'", ("local", ["your-org/model"]), ("absent", [])),
    ],
)
def test_status_in_the_inventory(tmp_path, run, arguments, repo_id, revision):
    (tmp_path / "a.py").write_text(
        f"{LOADS}AutoModel.from_pretrained({arguments})\n", encoding="utf-8"
    )
    [one] = json.loads(run("inventory", str(tmp_path), "--output-format", "json").stdout)
    assert (one["repo_id"]["status"], one["repo_id"]["values"]) == repo_id
    assert (one["revision"]["status"], one["revision"]["values"]) == revision
    assert (one["repo_id"]["reason"] is None) == (repo_id[0] != "unknown")


def test_inventory_as_a_table(project, run):
    lines = run("inventory").stdout.splitlines()
    assert lines[0].split() == ["PLACE", "ARTIFACT", "REPO", "ID", "REVISION", "STAGE", "LOADER"]
    assert lines[4].split() == [
        "train.py:4:8",
        "base-model",
        "microsoft/phi-2",
        "refs/pr/23",
        "train",
        "transformers.AutoModelForCausalLM.from_pretrained",
    ]
    assert {line.index("refs/pr/23") for line in lines if "refs/pr" in line} == {
        lines[0].index("REVISION")
    }


def test_inventory_of_one_file(project, run):
    listed = json.loads(run("inventory", "tools/other.py", "--output-format", "json").stdout)
    assert {one["filename"] for one in listed} == {"tools/other.py"}


@pytest.mark.parametrize("command", ["inventory", "pairs"])
def test_nothing_to_read(tmp_path, run, command):
    assert run(command, str(tmp_path)).exit_code == 3
    assert run(command, str(tmp_path / "no")).exit_code == 2


def test_pairs_in_json(project, run):
    [pair] = json.loads(run("pairs", "--output-format", "json").stdout)
    assert (pair["train"]["filename"], pair["infer"]["filename"]) == ("train.py", "serve.py")
    assert pair["adapter"]["repo_id"]["values"] == ["out/phi"]
    assert (pair["rule"], pair["merge"]) == ("artifact", False)
    assert "out/phi" in pair["reason"]
    assert pair["train"]["revision"]["values"] == ["refs/pr/23"]


def test_pairs_as_text_mark_what_differs(project, run):
    text = run("pairs").stdout
    assert "! revision: refs/pr/23  |  -" in text
    assert "  repo_id: microsoft/phi-2\n" in text


def test_pairs_touching_a_file(project, run):
    assert json.loads(run("pairs", "tools/other.py", "--output-format", "json").stdout) == []
    assert len(json.loads(run("pairs", "train.py", "--output-format", "json").stdout)) == 1


def test_pairs_as_mermaid(project, run):
    lines = run("pairs", "--output-format", "mermaid").stdout.splitlines()
    assert lines[0] == "flowchart LR"
    assert 't0["train.py:4:8<br>microsoft/phi-2 @ refs/pr/23"]' in lines[1]


def test_hostile_names_do_not_break_out(project, run):
    (project / 'a"]; click x "\x1b[2J.py').write_text(
        (project / "serve.py").read_text(encoding="utf-8"), encoding="utf-8"
    )
    for arguments in (["inventory"], ["pairs"], ["pairs", "--output-format", "mermaid"], ["check"]):
        assert "\x1b" not in run(*arguments).stdout
    lines = run("pairs", "--output-format", "mermaid").stdout.splitlines()
    assert all(line.count('"') == 6 for line in lines[1:])


def test_codes_of_verification_are_explained_too(run):
    result = run("rule", "lor501")
    assert result.exit_code == 0
    assert result.stdout.startswith("# missing-adapter-keys (LOR501)\n")
    assert "## What to do" in result.stdout


@pytest.mark.parametrize("word", ["LOR201", "lor201", "revision-mismatch", "Revision-Mismatch"])
def test_rule_is_explained_by_code_and_name(run, word):
    result = run("rule", word)
    assert result.exit_code == 0
    assert result.stdout.startswith("# revision-mismatch (LOR201)\n")
    assert "## Why is this bad?" in result.stdout


def test_all_rules_for_machines(run):
    listed = json.loads(run("rule", "--all", "--output-format", "json").stdout)
    assert [one["code"] for one in listed] == [one.code for one in (*RULES, *CODES)]
    assert set(listed[0]) >= {"code", "name", "severity", "default", "summary", "documentation"}
    one = json.loads(run("rule", "LOR101", "--output-format", "json").stdout)
    assert one == next(rule for rule in listed if rule["code"] == "LOR101")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--all"),
        (["LOR2011"], "`LOR201`"),
        (["mising-revision"], "`missing-revision`"),
        (["LOR101", "--all"], "--all"),
    ],
)
def test_rule_that_there_is_not(run, arguments, words):
    result = run("rule", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_config_says_who_set_what(project, run):
    path = project / "loralint.toml"
    path.write_text('fail-on = "error"\npolicies = { "me/*" = "any" }\n', encoding="utf-8")
    document = json.loads(run("config", "tools", "--output-format", "json").stdout)
    assert document["root"] == str(project)
    assert document["settings"]["fail-on"] == {"value": "error", "source": str(path)}
    assert document["settings"]["select"] == {"value": None, "source": "default"}
    assert document["settings"]["policies"]["value"]["me/*"] == "any"
    assert f'fail-on = "error"  # {path}' in run("config").stdout.splitlines()
    assert "# default" in run("config", "--isolated").stdout


def test_baseline_accepts_today_and_reports_tomorrow(project, run):
    result = run("baseline")
    assert result.exit_code == 0
    assert ".loralint-baseline.json" in result.stdout
    clean = run("check")
    assert clean.exit_code == 0
    assert "in the baseline" in clean.stdout
    path = project / "tools" / "other.py"
    path.write_text("\n\n" + OTHER, encoding="utf-8")
    assert run("check").exit_code == 0, "rows do not matter"
    path.write_text(
        OTHER + 'tokenizer = AutoTokenizer.from_pretrained("acme/other")\n', encoding="utf-8"
    )
    [one] = json.loads(run("check", "--output-format", "json").stdout)
    assert one["location"]["row"] == 4, "a second like call is new"
    assert run("check", "--isolated").exit_code == 1


def test_baseline_can_be_written_again(project, run):
    run("baseline")
    first = (project / ".loralint-baseline.json").read_bytes()
    run("baseline")
    assert (project / ".loralint-baseline.json").read_bytes() == first, "it is not taken off itself"


def test_baseline_elsewhere(project, run):
    (project / "loralint.toml").write_text('baseline = "ci/accepted.json"\n', encoding="utf-8")
    assert run("baseline").exit_code == 2, "the folder does not exist"
    (project / "ci").mkdir()
    assert run("baseline", "tools").exit_code == 0
    assert (project / "ci" / "accepted.json").is_file()
    assert run("check", "tools").exit_code == 0
    assert run("baseline", "-o", "mine.json").exit_code == 0
    assert run("check", "--baseline", "mine.json").exit_code == 0
