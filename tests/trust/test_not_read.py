"""What is of a kind that is read, and was not read, is told: never "nothing found" and exit 0."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loralint.cli.group import loralint

LOAD = 'from transformers import AutoModel\nAutoModel.from_pretrained("org/model")\n'
RECIPE = """\
base_model: org/model
adapter: qlora
load_in_4bit: true
lora_r: 8
lora_alpha: 16
sequence_len: 512
micro_batch_size: 1
num_epochs: 1
learning_rate: 0.1
datasets:
  - path: org/data
    type: alpaca
output_dir: out
"""
BASE = {"base_model_name_or_path": "org/model", "peft_type": "LORA", "r": 8, "revision": "a" * 40}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "fine.py").write_text("x = 1\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(loralint, arguments)


def found() -> list[tuple[str, str]]:
    result = run("check", "--no-cache", "--output-format", "json")
    return [(one["code"], one["filename"]) for one in json.loads(result.stdout)]


UNREADABLE = {
    "large.py": b"#" * (10 * 1024 * 1024) + b"\n" + LOAD.encode(),
    "large.yaml": f"{RECIPE}# {'x' * 200_000}\n".encode(),
    "deep.yaml": f"{RECIPE}more: {'[' * 100}{']' * 100}\n".encode(),
    "many.yaml": f"{RECIPE}more: [{'1,' * 60_000}]\n".encode(),
    "adapter_config.json": b"[]",
    "model/adapter_config.json": b'"org/model"',
    "large.sh": b"python train.py\n" + b"#" * (10 * 1024 * 1024),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_file_that_is_not_read_is_a_finding(project, name):
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_bytes(UNREADABLE[name])
    assert [one for one in found() if one[1] == name] == [("LOR001", name)]


@pytest.mark.parametrize("suffix", [".py", ".ipynb"])
def test_name_that_is_no_utf8(project, suffix):
    name = os.fsdecode(b"caf\xe9" + suffix.encode())
    (project / name).write_text(LOAD, encoding="utf-8")
    assert found() == [("LOR001", f"caf\ufffd{suffix}")]


def test_large_data_is_nobodys_recipe(project):
    rows = [{"text": "model_name_or_path, base_model and other words", "n": n} for n in range(9000)]
    (project / "data.json").write_text(json.dumps(rows), encoding="utf-8")
    assert found() == []


READ = {
    "wide.yaml": RECIPE.encode("utf-16"),
    "big_endian.yaml": b"\xfe\xff" + RECIPE.encode("utf-16-be"),
    "recipe.json": json.dumps(
        {"base_model": "org/model", "adapter": "qlora", "load_in_4bit": True, "lora_r": 8,
         "sequence_len": 1, "micro_batch_size": 1, "datasets": [{"path": "org/data"}]}
    ).encode("utf-16"),
    "fullwidth.py": LOAD.replace("from_pretrained", "\uff46rom_pretrained").encode(),
    "bold.py": LOAD.replace(".from", ".\U0001d41f\U0001d42b\U0001d428\U0001d426").encode(),
    "class.py": LOAD.replace("AutoModel\n", "\uff21utoModel\n").encode(),
    "escaped.py": b"# coding: raw_unicode_escape\n" + LOAD.encode(),
    "escapes.py": b"# -*- coding: unicode_escape -*-\n"
    + LOAD.replace("from_pretrained", "\\x66rom_pretrained").encode(),
    "second.py": b"#!/usr/bin/python\n# vim: set fileencoding=utf-7 :\n"
    + LOAD.replace("from_pretrained", "+AGY-rom_pretrained").encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_what_python_or_yaml_would_read_is_read(project, name):
    (project / name).write_bytes(READ[name])
    assert ("LOR101", name) in found()


# --- what git tracks ------------------------------------------------------------------------------


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("ignored", ["hidden.py", "*.py", "hidden*", "/hidden.py"])
@pytest.mark.parametrize("version", ["2", "3", "4", "split"])
def test_tracked_file_is_read_whatever_gitignore_says(project, ignored, version):
    git(project, "init", "-q")
    (project / "hidden.py").write_text(LOAD, encoding="utf-8")
    (project / "mine.py").write_text(LOAD, encoding="utf-8")
    (project / ".gitignore").write_text(f"{ignored}\nmine.py\n", encoding="utf-8")
    git(project, "add", "-f", "hidden.py")
    if version == "split":
        git(project, "update-index", "--split-index")
    else:
        git(project, "update-index", "--index-version", version)
    assert found() == [("LOR101", "hidden.py")]


@pytest.mark.parametrize("mark", [".gitignore", "pyvenv.cfg", "conda-meta/history"])
def test_tracked_file_in_a_folder_that_is_left_out(project, mark):
    git(project, "init", "-q")
    folder = project / "deep" / "env"
    (folder / "conda-meta").mkdir(parents=True)
    if mark == ".gitignore":
        (folder / "conda-meta").rmdir()
        (project / mark).write_text("env/\n", encoding="utf-8")
    else:
        (folder / mark).touch()
    if mark == "pyvenv.cfg":
        (folder / "conda-meta").rmdir()
    (folder / "tracked.py").write_text(LOAD, encoding="utf-8")
    (folder / "other.py").write_text(LOAD, encoding="utf-8")
    assert found() == []
    git(project, "add", "-f", "deep/env/tracked.py")
    assert found() == [("LOR101", "deep/env/tracked.py")]


def test_work_tree_of_another_repository(tmp_path, monkeypatch):
    main = tmp_path / "main"
    main.mkdir()
    git(main, "init", "-q")
    git(
        main,
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "1",
    )
    git(main, "worktree", "add", "-q", str(tmp_path / "work"))
    work = tmp_path / "work"
    (work / "a.py").write_text(LOAD, encoding="utf-8")
    (work / ".gitignore").write_text("*\n", encoding="utf-8")
    git(work, "add", "-f", "a.py")
    monkeypatch.chdir(work)
    assert found() == [("LOR101", "a.py")]


def test_what_git_tracks_decides_a_warm_run_too(project, tmp_path):
    git(project, "init", "-q")
    (project / "hidden.py").write_text(LOAD, encoding="utf-8")
    (project / ".gitignore").write_text("hidden.py\n", encoding="utf-8")
    check = ("check", "--cache-dir", str(tmp_path / "cache"), "--output-format", "json")
    assert json.loads(run(*check).stdout) == []
    assert json.loads(run(*check).stdout) == []
    git(project, "add", "-f", "hidden.py")
    assert len(json.loads(run(*check).stdout)) == 1


def test_damaged_index_is_told(project):
    git(project, "init", "-q")
    (project / ".gitignore").write_text("hidden.py\n", encoding="utf-8")
    (project / "hidden.py").write_text(LOAD, encoding="utf-8")
    (project / ".git" / "index").write_bytes(b"DIRC\0\0\0\x02\0\0\0\x09short")
    result = run("check", "-v")
    assert result.exit_code == 0
    assert "git's index is damaged" in result.output


# --- what is left out, and what is silenced, is counted -------------------------------------------


LEFT_OUT = {
    "settings": ("2 files by the settings", 'extend-exclude = ["a*.py"]\n'),
    "gitignore": ("2 files by .gitignore", None),
    "environment": ("1 folder as a Python environment", None),
    "link": ("1 file as a link out of the project", None),
}


@pytest.mark.parametrize("by", LEFT_OUT)
@pytest.mark.parametrize("form", ["full", "concise", "markdown", "json", "sarif"])
def test_left_out_is_counted(project, tmp_path, by, form):
    told, settings = LEFT_OUT[by]
    names = {"settings": ["a1.py", "a2.py"], "gitignore": ["a1.py", "a2.py"]}.get(by, [])
    for name in names:
        (project / name).write_text(LOAD, encoding="utf-8")
    if settings:
        (project / "loralint.toml").write_text(settings, encoding="utf-8")
    elif by == "gitignore":
        (project / ".gitignore").write_text("a?.py\n", encoding="utf-8")
    elif by == "environment":
        (project / "env").mkdir()
        (project / "env" / "pyvenv.cfg").touch()
    else:
        (tmp_path / "out.py").write_text(LOAD, encoding="utf-8")
        (project / "in.py").symlink_to("../out.py")
    result = run("check", "--no-cache", "--output-format", form)
    where = result.stdout if form in ("full", "markdown", "sarif") else result.stderr
    assert told in where.replace("Not looked", "not looked")
    if form == "json":
        assert json.loads(result.stdout) == []
    assert told not in run("check", "--no-cache", "-q", "--output-format", "json").stderr


def test_left_out_is_listed(project):
    (project / ".gitignore").write_text("a1.py\nmore/\n", encoding="utf-8")
    (project / "a1.py").touch()
    (project / "more").mkdir()
    assert "  a1.py: by .gitignore\n  more/: by .gitignore\n" in run("check", "-v").stdout


def test_silenced_is_counted(project):
    (project / "a.py").write_text(LOAD, encoding="utf-8")
    (project / "loralint.toml").write_text(
        '[per-file-ignores]\n"a.py" = ["LOR101"]\n', encoding="utf-8"
    )
    result = run("check")
    assert result.exit_code == 0
    assert "1 silenced by per-file-ignores" in result.stdout


SILENCING = {
    "ignore": ("loralint.toml", 'ignore = ["LOR101"]\n'),
    "select": ("loralint.toml", 'select = ["LOR2"]\n'),
    "policy": ("loralint.toml", '[policies]\n"*" = "any"\n'),
    "per file": ("loralint.toml", '[per-file-ignores]\n"*" = ["ALL"]\n'),
    "exclude": ("loralint.toml", 'exclude = ["*"]\n'),
    "in pyproject": ("pyproject.toml", '[tool.loralint]\nfail-on = "never"\n'),
    "comment": ("a.py", f"# loralint: ignore-file\n{LOAD}"),
    "noqa": ("a.py", LOAD.replace("\n", "  # noqa\n").replace("el  #", "el  # loralint: ignore #")),
    "baseline": (".loralint-baseline.json", None),
}


@pytest.mark.parametrize("how", SILENCING)
def test_stranger_silences_nothing(project, how):
    name, text = SILENCING[how]
    (project / "a.py").write_text(LOAD, encoding="utf-8")
    if text is None:
        assert run("baseline").exit_code == 0
    else:
        (project / name).write_text(text, encoding="utf-8")
    result = run("check", "--stranger", "--output-format", "concise")
    assert result.exit_code == 1
    assert "LOR101" in result.stdout
