"""What a command writes lies in the project, is of its own kind, and is old or new."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loralint.cli.group import loralint
from loralint.writing import HasChanged, Refused, put, replace

MINE = "[mine]\n"
HOOKS = """\
repos:
  - repo: local
    hooks: []
"""
LOAD = """\
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("org/model")
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """What belongs to the user, beside the project."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "rc").write_text(MINE, encoding="utf-8")
    return folder


@pytest.fixture
def project(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    (folder / "train.py").write_text(LOAD, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(loralint, arguments)


SHIPPED = {
    "init writes the settings": ("pyproject.toml", ["init", "--start", "nothing", "--no-hook"]),
    "init writes the hook": (".pre-commit-config.yaml", ["init", "--start", "nothing"]),
    "init writes a baseline": (".loralint-baseline.json", ["init", "--start", "baseline"]),
    "baseline": (".loralint-baseline.json", ["baseline"]),
    "baseline, named": ("accepted.json", ["baseline", "-o", "accepted.json"]),
    "a report": ("report.sarif", ["check", "--output-format", "sarif", "-o", "report.sarif"]),
    "an inventory": ("all.json", ["inventory", "--output-format", "json", "-o", "all.json"]),
    "a fix": ("serve.py", ["check", "--fix", "--unsafe-fixes"]),
}


@pytest.mark.parametrize("shipped", SHIPPED)
@pytest.mark.parametrize("through", ["link", "folder"])
def test_link_that_the_repository_ships_is_not_written_through(project, home, shipped, through):
    name, command = SHIPPED[shipped]
    if through == "folder":
        if command[-1] != name:
            pytest.skip("the command names its file itself")
        (project / "out").symlink_to(home)
        name, command = "out/rc", [*command[:-1], "out/rc"]
    else:
        (project / name).symlink_to("../home/rc")
    if name == ".pre-commit-config.yaml":
        (home / "rc").write_text(HOOKS, encoding="utf-8")
    before = (home / "rc").read_bytes()
    result = run(*command)
    assert (home / "rc").read_bytes() == before
    assert sorted(path.name for path in home.iterdir()) == ["rc"]
    if shipped != "a fix":  # a link that leaves the project is not read, so not mended either
        assert result.exit_code == 2, result.output
        assert name in result.output


@pytest.mark.parametrize("named", ["../home/rc", "train.py", "HOME/rc", "sub/../../home/rc"])
def test_baseline_that_the_settings_name_is_a_baseline_of_the_project(project, home, named):
    named = named.replace("HOME", str(home))
    (project / "loralint.toml").write_text(f'baseline = "{named}"\n', encoding="utf-8")
    result = run("baseline")
    assert result.exit_code == 2, result.output
    assert (home / "rc").read_text(encoding="utf-8") == MINE
    assert (project / "train.py").read_text(encoding="utf-8") == LOAD
    assert "not written" in result.output or "not overwritten" in result.output


def test_what_the_user_types_may_lie_anywhere(project, home):
    assert run("baseline", "-o", "../home/new.json").exit_code == 0
    assert run("baseline", "-o", "../home/new.json").exit_code == 0, "over its own kind"
    assert run("baseline", "-o", "../home/rc").exit_code == 2, "not over another one"
    assert (home / "rc").read_text(encoding="utf-8") == MINE
    assert run("check", "-o", "../home/rc").exit_code == 1
    assert "LOR101" in (home / "rc").read_text(encoding="utf-8")


def test_link_within_the_project_stays_a_link(project):
    (project / "reports").mkdir()
    (project / "latest.txt").symlink_to("reports/one.txt")
    assert run("check", "-o", "latest.txt").exit_code == 1
    assert (project / "latest.txt").is_symlink()
    assert "LOR101" in (project / "reports" / "one.txt").read_text(encoding="utf-8")


def test_report_goes_into_what_is_no_file(project):
    check = [sys.executable, "-m", "loralint", "check", "--output-format", "concise", "-o"]
    done = subprocess.run([*check, "/dev/stdout"], capture_output=True, text=True, check=False)
    assert done.stdout.count("LOR101") == 1, done.stderr
    assert subprocess.run([*check, os.devnull], check=False).returncode == 1


def test_link_in_a_folder_without_a_repository(tmp_path, home, monkeypatch):
    archive = tmp_path / "archive"
    archive.mkdir()
    monkeypatch.chdir(archive)
    (archive / "out").symlink_to(home)
    with pytest.raises(Refused, match="out of the project"):
        put(Path("out/rc"), b"new")
    assert (home / "rc").read_text(encoding="utf-8") == MINE


def test_full_disk_leaves_the_old_report(project, monkeypatch):
    (project / "report.txt").write_text("old", encoding="utf-8")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = run("check", "-o", "report.txt")
    assert result.exit_code == 2
    assert "No space left on device" in result.output
    assert (project / "report.txt").read_text(encoding="utf-8") == "old"
    assert not list(project.glob(".*tmp*"))


def test_change_by_somebody_else_is_not_lost(project):
    with pytest.raises(HasChanged, match="run again"):
        replace(project / "train.py", b"new", old=b"other", root=project)
    assert (project / "train.py").read_text(encoding="utf-8") == LOAD
