"""The hook as people use it: a real pre-commit, a real git repository, our own hook definition."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRAIN = """\
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer

base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
model = get_peft_model(base, LoraConfig(r=8, revision="refs/pr/23"))
Trainer(model=model).train()
model.save_pretrained("out/adapter")
"""
INFER = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2"{revision})
model = PeftModel.from_pretrained(base, "out/adapter")
model.generate()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A git repository with a training script and an inference script."""
    git(tmp_path, "init", "-q")
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "infer.py").write_text(INFER.format(revision=""))
    git(tmp_path, "add", ".")
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder."""
    identity = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")
    subprocess.run(("git", *identity, *arguments), cwd=folder, check=True, capture_output=True)


def pre_commit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pre-commit in a folder, its cache apart from the user's."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "PRE_COMMIT_HOME": str(folder.parent / f"{folder.name}-pre-commit"),
    }
    command = [sys.executable, "-m", "pre_commit", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_try_repo_finds_the_pair(project: Path) -> None:
    done = pre_commit(project, "try-repo", str(ROOT), "loralint", "--all-files", "--verbose")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "LOR201" in done.stdout
    assert "infer.py:4:8" in done.stdout
    assert "train.py:4" in done.stdout


def test_a_commit_of_one_file_is_checked_with_the_project_around_it(project: Path) -> None:
    """A local hook with our definition's own entry: the staged file alone would show no pair."""
    definition = (ROOT / ".pre-commit-hooks.yaml").read_text()
    assert "pass_filenames: false" in definition
    assert "require_serial: true" in definition
    command = f"{sys.executable} -m loralint check"
    (project / ".pre-commit-config.yaml").write_text(
        "repos:\n- repo: local\n  hooks:\n"
        + "".join(f"  {line}\n" for line in local_hook(definition, command))
    )
    git(project, "add", ".")
    failing = pre_commit(project, "run", "--files", "infer.py")
    assert failing.returncode == 1, failing.stdout + failing.stderr
    assert "LOR201" in failing.stdout
    (project / "infer.py").write_text(INFER.format(revision=', revision="refs/pr/23"'))
    git(project, "add", ".")
    passing = pre_commit(project, "run", "--files", "infer.py")
    assert passing.returncode == 0, passing.stdout + passing.stderr


def local_hook(definition: str, command: str) -> list[str]:
    """Our hook definition as a local hook of this environment."""
    lines = [line for line in definition.splitlines() if line and not line.startswith("#")]
    replaced = {"entry": f"entry: {command}", "language": "language: system"}
    hook: list[str] = []
    for line in lines:
        key = line.strip(" -").partition(":")[0]
        indent = line[: len(line) - len(line.lstrip(" -"))]
        hook.append(indent + replaced[key] if key in replaced else line)
    return hook


def test_the_hook_can_fix(project: Path) -> None:
    """`args: [--fix]`: the commit is stopped because a file changes, the next one goes through."""
    definition = (ROOT / ".pre-commit-hooks.yaml").read_text()
    command = f"{sys.executable} -m loralint check"
    hook = [*local_hook(definition, command), "  args: [--fix]"]
    (project / ".pre-commit-config.yaml").write_text(
        "repos:\n- repo: local\n  hooks:\n" + "".join(f"  {line}\n" for line in hook)
    )
    git(project, "add", ".")
    fixing = pre_commit(project, "run", "--files", "infer.py")
    assert fixing.returncode == 1, fixing.stdout + fixing.stderr
    assert "files were modified by this hook" in fixing.stdout
    fixed = INFER.format(revision=', revision="refs/pr/23"')
    assert (project / "infer.py").read_text() == fixed
    git(project, "add", ".")
    assert pre_commit(project, "run", "--files", "infer.py").returncode == 0
