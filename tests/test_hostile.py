"""Input that wants to crash, hang or fill the memory gives facts, or an error of its own file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from loralint.cli.group import loralint
from loralint.read import extract
from loralint.source import Source, SourceKind

FUZZ = Path(__file__).parent.parent / "benchmarks" / "fuzz" / "fuzz.py"
LOAD = "x = AutoModel.from_pretrained("

_CHILD = """
import resource, sys
from loralint.engine.workers import serialised
from loralint.source import Source
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
serialised(Source(sys.argv[1], sys.argv[2], sys.stdin.buffer.read()))
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
sys.exit(f"{grown} MB" if grown > 300 else 0)
"""

HOSTILE: dict[str, tuple[str, SourceKind, str]] = {
    "attributes": ("a.py", "python", f"{LOAD}a{'.b' * 20_000})\n"),
    "calls": ("a.py", "python", f"{LOAD}a{'()' * 20_000})\n"),
    "subscripts": ("a.py", "python", f"{LOAD}a{'[0]' * 20_000})\n"),
    "sum": ("a.py", "python", f"{LOAD}{'a + ' * 20_000}b)\n"),
    "and": ("a.py", "python", f"{LOAD}{'a and ' * 20_000}b)\n"),
    "not": ("a.py", "python", f"{LOAD}{'not ' * 20_000}b)\n"),
    "lambdas": ("a.py", "python", f"{LOAD}{'lambda: ' * 20_000}b)\n"),
    "if-else": ("a.py", "python", f"{LOAD}{'a if b else ' * 20_000}c)\n"),
    "strings": ("a.py", "python", f"{LOAD}{chr(34) * 2 * 20_000})\n"),
    "f-strings": ("a.py", "python", LOAD + "f'{" * 800 + "a" + "}'" * 800 + ")\n"),
    "elif": ("a.py", "python", "if a: pass\n" + "elif a: pass\n" * 20_000),
    "patterns": ("a.py", "python", f"match x:\n case {'[' * 60}a{']' * 60}: pass\n"),
    "import": ("a.py", "python", f"import a{'.a' * 20_000}\n"),
    "indented": ("a.py", "python", "".join(f"{' ' * n}if a:\n" for n in range(300))),
    "digits": ("a.py", "python", f"{LOAD}{'9' * 20_000})\n"),
    "doubled": ("a.py", "python", f"s = 'a'\n{'s = s + s' + chr(10)}" + "s = s + s\n" * 200),
    "yaml-brackets": ("a.yaml", "yaml", "[" * 32_000),
    "yaml-mappings": ("a.yaml", "yaml", "{a: " * 32_000),
    "yaml-lists": ("a.yaml", "yaml", "- " * 32_000 + "a"),
    "yaml-bomb": ("a.yaml", "yaml", "a0: &a0 [x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))),
    "yaml-cycle": ("a.yaml", "yaml", "base_model: a\nx: &a [*a]\ny: &b {<<: *b, c: *b}\n"),
    "yaml-line": ("a.yaml", "yaml", "a: " + "b" * 10_000_000),
    "yaml-items": ("a.yaml", "yaml", "- a\n" * 500_000),
    "workflow": (".github/workflows/a.yml", "shell", "[" * 32_000),
    "json": ("a.json", "json", "[" * 500_000),
    "toml": ("a.toml", "toml", "a = " + "[" * 100_000),
    "toml-key": ("a.toml", "toml", "a." * 100_000 + "b = 1"),
    "card": ("README.md", "card", f"---\nbase_model: {'[' * 16_000}\n---\n"),
    "cell-magics": ("a.ipynb", "notebook", '{"cells": [{"source": "%s"}]}' % ("%%time\\n" * 2000)),
    "exec-form": ("Dockerfile", "shell", "CMD " + "[" * 100_000),
    "shell": ("a.sh", "shell", "(" * 30_000),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_ends_in_time_and_memory(name: str) -> None:
    path, kind, text = HOSTILE[name]
    command = [sys.executable, "-c", _CHILD, path, kind]
    done = subprocess.run(
        command, input=text.encode(), capture_output=True, check=False, timeout=20
    )
    assert done.returncode == 0, done.stderr.decode()[-500:]


@pytest.mark.parametrize("length", [0, 2**31, 2**63, 2**64 - 1])
def test_header_that_claims_more_than_there_is(length: int) -> None:
    content = length.to_bytes(8, "little") + b"{}"
    facts = extract(Source("adapter_model.safetensors", "weights", content))
    assert facts.error is not None


def test_sample_of_the_fuzzer(tmp_path: Path) -> None:
    command = [sys.executable, str(FUZZ), "--count", "1400", "--seed", "7", "--jobs", "1",
               "--save", str(tmp_path)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout


def _check(folder: Path) -> str:
    result = CliRunner().invoke(loralint, ["check", "--no-cache", str(folder)])
    assert result.exit_code in (0, 1, 3), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


def test_links_that_loop_or_leave_the_project(tmp_path: Path) -> None:
    outside, project = tmp_path / "outside", tmp_path / "project"
    outside.mkdir()
    project.mkdir()
    (outside / "secret.py").write_text("from transformers import AutoModel\nx = (\n")
    (project / "pyproject.toml").touch()
    (project / "loop").symlink_to(project)
    (project / "out").symlink_to(outside)
    (project / "secret.py").symlink_to(outside / "secret.py")
    (project / "good.py").write_text("from transformers import AutoModel\n")
    assert "LOR001" not in _check(project)


def test_link_to_itself(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "self.py").symlink_to("self.py")
    _check(tmp_path)


def test_not_utf8_is_an_error_of_that_file_only(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    load = "from transformers import AutoModel\nAutoModel.from_pretrained('a/b')\n"
    (tmp_path / "bad.py").write_bytes(load.encode() + b"x = '\xff\xfe'\n")
    (tmp_path / "good.py").write_text(load)
    output = _check(tmp_path)
    assert "LOR001" in output and "bad.py" in output
    assert "good.py" in output


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "a.py").write_text("from transformers import AutoModel\n")
    (tmp_path / "a.py").chmod(0)
    assert "a.py" in _check(tmp_path)


@pytest.mark.parametrize("name", ["inspect", "typing", "click", "json", "dataclasses", "yaml"])
def test_no_module_of_the_project_runs_in_place_of_ours(tmp_path, name):
    """`python -m` looks for modules in the working directory first."""
    (tmp_path / f"{name}.py").write_text("open('it-ran', 'w')\n")
    (tmp_path / "a.py").write_text("from transformers import AutoModel\n")
    root = str(Path(__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root}
    command = [sys.executable, "-m", "loralint", "check", "--isolated", "--no-cache"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "it-ran").exists()
