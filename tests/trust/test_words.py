"""Words of a project reach no terminal and no log as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loralint.cli.group import loralint

EVIL = "x\x1b[31m\x1b]0;title\x07\n::error::planted\u202e"
LOAD = 'from transformers import AutoModel\nAutoModel.from_pretrained("org/model")\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.py").write_text(LOAD, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(loralint, arguments)


def clean(result: Result) -> None:
    both = result.stdout + result.stderr
    assert "\x1b" not in both
    assert "\x07" not in both
    assert "\u202e" not in both
    assert not any(line.startswith("::error::planted") for line in both.splitlines())


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=True).replace("\\u001b", "\\u001B")


SETTINGS = {
    "a key": f"{quoted(EVIL)} = 1\n",
    "a value": f"fail-on = {quoted(EVIL)}\n",
    "a rule": f"ignore = [{quoted(EVIL)}]\n",
    "a policy": f"[policies]\n{quoted(EVIL)} = {quoted(EVIL)}\n",
    "a baseline": f"baseline = {quoted(EVIL)}\n",
    "an endpoint": f"hub-endpoint = {quoted('http://' + EVIL)}\n",
    "a glob": f"extend-exclude = [{quoted('[' + EVIL)}]\n",
}


@pytest.mark.parametrize("where", SETTINGS)
@pytest.mark.parametrize("command", ["check", "config", "pin", "lock", "baseline", "inventory"])
def test_settings(project, where, command):
    (project / "loralint.toml").write_text(SETTINGS[where], encoding="utf-8")
    clean(run(command))
    if command in ("pin", "lock"):
        clean(run(command, "--online"))


@pytest.mark.parametrize("command", ["check", "check -v", "check --diff", "pin", "lock", "pairs"])
def test_names_of_files_and_folders(project, command):
    folder = project / EVIL
    folder.mkdir()
    (folder / f"{EVIL[:5]}.py").write_text(LOAD, encoding="utf-8")
    (folder / "adapter_config.json").write_text("[", encoding="utf-8")
    clean(run(*command.split()))


@pytest.mark.parametrize(
    "command", ["check", "lock", "lock --check", "pin --from-lock", "outdated"]
)
def test_ids_of_a_lock(project, command):
    one = {"id": EVIL, "ref": EVIL, "commit": "a" * 40, "type": "model", "files": {}}
    (project / "loralint.lock").write_text(
        json.dumps({"version": 1, "artifacts": [one]}), encoding="utf-8"
    )
    clean(run(*command.split()))


def test_ids_in_code(project):
    (project / "a.py").write_text(
        f"from transformers import AutoModel\nAutoModel.from_pretrained({EVIL!r})\n"
        f"AutoModel.from_pretrained('org/model', revision={EVIL!r})\n",
        encoding="utf-8",
    )
    for command in (["check"], ["check", "-v"], ["inventory"], ["pin"], ["lock"]):
        clean(run(*command))


def test_a_diff_on_standard_output_steers_nothing_and_in_a_file_is_exact(project):
    code = LOAD.replace("\n", "  # \x1b[31mred\x1b]0;t\x07 \u202e\n").replace(
        '"org/model"', '"org/model", torch_dtypee="auto"'
    )
    (project / "a.py").write_text(f"{code}\tx = 1\n".replace("\tx", "if 1:\n\tx"), encoding="utf-8")
    (project / "loralint.lock").write_text(
        json.dumps({"version": 1, "artifacts": []}), encoding="utf-8"
    )
    for command in (["check", "--diff", "--unsafe-fixes"], ["pin", "--diff"]):
        clean(run(*command))


def test_words_of_an_error_of_click(project):
    clean(run("check", EVIL))
    clean(run("check", "--config", EVIL))
    clean(run("check", "--output-file", f"{EVIL}/x"))
    clean(run(EVIL))
