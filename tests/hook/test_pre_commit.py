"""The hook as people use it: a real pre-commit, a real git repository, our own hook definition."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from loralint import __version__

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


@pytest.fixture(scope="session")
def index() -> None:
    """Skips a test that installs packages where their index cannot be reached."""
    with tempfile.TemporaryDirectory() as folder:
        asked = ("download", "--quiet", "--no-deps", "--retries", "0", "--timeout", "15")
        done = pip(*asked, "--no-cache-dir", "--dest", folder, "hatchling")
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        pytest.skip(f"no package can be installed here, PyPI is out of reach: {said}")


def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pip in this environment."""
    command = [sys.executable, "-m", "pip", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def pre_commit(
    folder: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run pre-commit in a folder, its cache apart from the user's, without what is set here."""
    foreign = ("GIT_", "PYTHONPATH")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
        "PRE_COMMIT_HOME": str(folder.parent / f"{folder.name}-pre-commit"),
        **environment,
    }
    command = [sys.executable, "-m", "pre_commit", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_try_repo_finds_the_pair(project: Path, index: None) -> None:
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


def test_a_commit_that_holds_nothing_to_read_passes(tmp_path: Path) -> None:
    """The hook is triggered by a JSON file that is none of ours; the command line ends with 3."""
    git(tmp_path, "init", "-q")
    (tmp_path / "a.json").write_text('{"name": "acme"}')
    entry = re.search(r"entry: loralint (.*)", (ROOT / ".pre-commit-hooks.yaml").read_text())
    assert entry is not None
    hook = local_hook(
        (ROOT / ".pre-commit-hooks.yaml").read_text(),
        f"env PYTHONPATH={ROOT} {sys.executable} -m loralint {entry[1]}",
    )
    (tmp_path / ".pre-commit-config.yaml").write_text(
        "repos:\n- repo: local\n  hooks:\n" + "".join(f"  {line}\n" for line in hook)
    )
    git(tmp_path, "add", ".")
    passing = pre_commit(tmp_path, "run", "--all-files", "--verbose")
    assert passing.returncode == 0, passing.stdout + passing.stderr
    assert "Nothing to check" in passing.stdout
    bare = subprocess.run(
        [sys.executable, "-m", "loralint", "check", "--no-cache"], cwd=tmp_path, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
    )  # fmt: skip
    assert bare.returncode == 3


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


def test_the_hook_that_init_writes_is_installed_and_runs(project: Path, index: None) -> None:
    """From `loralint init` to a commit that is stopped and one that is not.

    The entry asks for the very copy that has written it: here the source tree of these tests. All
    that loralint needs comes from the index.
    """
    done = subprocess.run(
        [sys.executable, "-m", "loralint", "init", "--start", "nothing"],
        cwd=project, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    git(project, "add", ".")
    assert f"loralint @ {ROOT.as_uri()}" in (project / ".pre-commit-config.yaml").read_text()
    assert_stops_and_lets_through(project)


def test_the_hook_of_a_tagged_repository_is_installed_and_runs(
    project: Path, tmp_path_factory: pytest.TempPathFactory, index: None
) -> None:
    """The entry of the README, its URL led to a clone of this repository that has the tag."""
    clone = tmp_path_factory.mktemp("origin") / "loralint"
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(".*_cache", ".venv*", ".git"))
    git(clone, "init", "-q")
    git(clone, "add", ".")
    git(clone, "commit", "-q", "-m", "release")
    git(clone, "tag", TAG)
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(f'[url "{clone}"]\n    insteadOf = {URL}\n')
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {URL}\n    rev: {TAG}\n    hooks:\n      - id: loralint\n"
    )
    git(project, "add", ".")
    assert_stops_and_lets_through(project, HOME=str(home))


URL = "https://example.invalid/loralint"
TAG = f"v{__version__}"


def assert_stops_and_lets_through(project: Path, **environment: str) -> None:
    """The hook of a project stops a commit with a finding and lets one without it through."""
    stopped = pre_commit(project, "run", "--verbose", **environment)
    assert stopped.returncode == 1, stopped.stdout + stopped.stderr
    assert "LOR201" in stopped.stdout, stopped.stdout
    assert "infer.py:4:8" in stopped.stdout
    (project / "infer.py").write_text(INFER.format(revision=', revision="refs/pr/23"'))
    git(project, "add", ".")
    passed = pre_commit(project, "run", "--verbose", **environment)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Nothing found" in passed.stdout, passed.stdout  # it has run, and was not skipped
