"""`loralint init`: what it writes, what it refuses, and that git undoes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from loralint.cli.init_hook import CannotAdd, entry, with_hook
from tests.hub.cache import FakeCache

HOOKS = ".pre-commit-config.yaml"
BASELINE = ".loralint-baseline.json"
COMMIT = "a" * 40
CODE = 'from transformers import AutoModel\n\nAutoModel.from_pretrained("org/a")\n'


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    return subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in git, which is also the working directory."""
    folder = tmp_path / "root"
    folder.mkdir()
    git(folder, "init", "-q")
    cache = FakeCache(tmp_path / "cache")
    cache.add("org/a", COMMIT, "main")
    monkeypatch.setenv("HF_HUB_CACHE", str(cache.folder))
    monkeypatch.chdir(folder)
    commit(folder, {"x.py": CODE})
    return folder


def commit(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")


def test_a_project_without_anything(root, run) -> None:
    result = run("init")
    assert result.exit_code == 0, result.output
    assert sorted(git(root, "status", "--porcelain").split()[1::2]) == [
        BASELINE,
        HOOKS,
        "loralint.toml",
    ]
    assert "Wrote .loralint-baseline.json: 1 finding of today, accepted." in result.output
    assert f"To undo all of it: rm {BASELINE} {HOOKS} loralint.toml" in result.output
    assert run("check").exit_code == 0
    assert run("config").exit_code == 0
    (hook,) = yaml.safe_load((root / HOOKS).read_text())["repos"][0]["hooks"]
    assert (hook["id"], hook["pass_filenames"]) == ("loralint", False)


def test_a_second_time_is_refused(root, run) -> None:
    run("init")
    before = git(root, "status", "--porcelain")
    result = run("init")
    assert result.exit_code == 2 and "this project is set up" in result.output
    assert git(root, "status", "--porcelain") == before


def test_pyproject_keeps_what_it_has(root, run) -> None:
    text = "# mine\n[project]\nname = 'x'  # ours\n\n[tool.ruff]\nline-length = 88"
    commit(root, {"pyproject.toml": text})
    assert run("init", "--start", "nothing").exit_code == 0
    after = (root / "pyproject.toml").read_text()
    assert after.startswith(f"{text}\n\n[tool.loralint]\n")
    assert not (root / "loralint.toml").exists()
    assert 'fail-on = "warning"' in after and run("config").exit_code == 0


def test_line_ends_of_windows_stay(root, run) -> None:
    commit(
        root, {"pyproject.toml": "[project]\r\nname = 'x'\r\n", HOOKS: "repos:\r\n- repo: a\r\n"}
    )
    assert run("init", "--start", "nothing").exit_code == 0
    for name in ("pyproject.toml", HOOKS):
        content = (root / name).read_bytes()
        assert content.count(b"\n") == content.count(b"\r\n")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"pyproject.toml": "[tool.loralint]\n"}, "has [tool.loralint] already"),
        ({"loralint.toml": ""}, "loralint.toml is there already"),
        ({"pyproject.toml": "[project\n"}, "is not valid TOML"),
        ({BASELINE: "{}"}, f"{BASELINE} is there already"),
    ],
)
def test_nothing_is_overwritten(root, run, files, said) -> None:
    commit(root, files)
    result = run("init")
    assert result.exit_code == 2 and said in result.output
    assert git(root, "status", "--porcelain") == ""


def test_a_file_that_git_could_not_restore_is_left_alone(root, run) -> None:
    commit(root, {"pyproject.toml": "[project]\nname = 'x'\n"})
    (root / "pyproject.toml").write_text("[project]\nname = 'y'\n")
    result = run("init")
    assert result.exit_code == 2 and "commit your changes first" in result.output
    git(root, "checkout", "-q", ".")
    (root / "x.py").write_text(CODE + "x = 1\n")
    result = run("init", "--start", "pins")
    assert result.exit_code == 2 and "pins change the code" in result.output
    assert git(root, "status", "--porcelain").split() == ["M", "x.py"]


def test_without_git_there_is_no_way_back(tmp_path, monkeypatch, run) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    result = run("init")
    assert result.exit_code == 2 and "`git init` first" in result.output
    assert list(tmp_path.iterdir()) == []


def test_pins_and_the_way_back(root, run) -> None:
    commit(root, {"pyproject.toml": "[project]\nname = 'x'\n", HOOKS: "repos:\n  - repo: a\n"})
    before = {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()}
    result = run("init", "--start", "pins")
    assert result.exit_code == 0 and COMMIT in (root / "x.py").read_text()
    assert "To undo all of it: git restore ." in result.output
    assert run("check").exit_code == 0
    subprocess.run(
        result.output.rpartition("undo all of it: ")[2], shell=True, check=True, cwd=root
    )
    assert {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()} == before


def test_dry_run_writes_nothing(root, run) -> None:
    result = run("init", "--dry-run")
    assert result.exit_code == 0 and "Would write loralint.toml" in result.output
    assert git(root, "status", "--porcelain") == ""


def test_without_a_hook(root, run) -> None:
    assert run("init", "--no-hook").exit_code == 0
    assert not (root / HOOKS).exists()


def test_a_hook_file_that_cannot_be_added_to(root, run) -> None:
    commit(root, {HOOKS: "repos: []\n"})
    result = run("init")
    assert result.exit_code == 0 and entry() in result.output
    assert (root / HOOKS).read_text() == "repos: []\n"


def test_pre_commit_runs_the_hook_that_was_written(root, run) -> None:
    pytest.importorskip("pre_commit")
    run("init", "--start", "nothing")
    answer = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config", HOOKS],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout


def test_errors_stay_out_of_the_baseline_and_are_counted(root, run) -> None:
    commit(root, {"y.py": CODE.replace('"org/a"', '"org/b", trust_remote_code=True')})
    result = run("init", "--no-hook")
    assert result.exit_code == 0, result.output
    said = [row.split() for row in result.output.splitlines()]
    assert ["1", "error", "LOR105", "unpinned-remote-code"] in said
    assert ["2", "warning", "LOR101", "missing-revision"] in said
    assert "2 findings of today, accepted." in result.output
    assert "1 error not accepted" in result.output
    assert "LOR105" not in (root / BASELINE).read_text()
    left = run("check", "--output-format", "concise")
    assert left.exit_code == 1 and [row.split()[1] for row in left.stdout.splitlines()] == [
        "LOR105"
    ]


def test_errors_are_accepted_where_somebody_asks_for_it(root, run) -> None:
    commit(root, {"y.py": CODE.replace('"org/a"', '"org/b", trust_remote_code=True')})
    assert run("init", "--no-hook", "--accept-errors").exit_code == 0
    assert run("check").exit_code == 0


# --- the hook file ------------------------------------------------------------------------------

KEPT = {
    "two spaces in": (
        "# ours\nrepos:\n  - repo: https://x\n    rev: v1  # keep\n    hooks:\n      - id: a\n"
        "        args: [--b,\n          c]\n\n# the end\nci:\n  skip: [a]\n"
    ),
    "not indented": "default_stages: [commit]\nrepos:\n- repo: x\n  rev: 1\n  hooks:\n  - id: a\n",
    "no end of line": "repos:\n- repo: x\n  hooks:\n  - id: a",
    "a block of text": "repos:\n- repo: x\n  hooks:\n  - id: a\n    files: |\n      a\nx: 1\n",
    "no repos": "fail_fast: true\n",
    "documents begin": "---\nrepos:\n- repo: x\n  hooks: [{id: a}]\n",
    "empty": "\n",
}


@pytest.mark.parametrize("name", KEPT)
def test_the_rest_of_the_hook_file_stays(name: str) -> None:
    text = KEPT[name]
    after = with_hook(text)
    assert after is not None
    rest = iter(after.splitlines())
    assert all(any(row == other for other in rest) for row in text.splitlines() if row.strip())
    before = yaml.safe_load(text) or {}
    assert yaml.safe_load(after) == {
        **before,
        "repos": [*before.get("repos", []), yaml.safe_load(entry())[0]],
    }
    assert with_hook(after) is None


@pytest.mark.parametrize("text", ["repos: [", "repos: {}\n", "repos: [{repo: x}]\n", "- a\n"])
def test_what_cannot_be_added_to_is_said(text: str) -> None:
    with pytest.raises(CannotAdd):
        with_hook(text)
