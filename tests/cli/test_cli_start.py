"""Starting: quickly, and with the help that one expects."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from loralint import __version__


def test_version_is_answered_before_click_is_imported(start):
    code = (
        "import sys; from loralint.cli import main; main(); "
        "print(sorted({'click', 'msgspec', 'dataclasses'} & sys.modules.keys()))"
    )
    for option in ("--version", "-V"):
        result = start(option, code=code)
        assert result.stdout == f"loralint {__version__}\n[]\n"


def test_version_costs_little_more_than_python(start):
    def fastest(code: str) -> float:
        times = []
        for _ in range(7):
            began = time.perf_counter()
            start("--version", code=code)
            times.append(time.perf_counter() - began)
        return min(times)

    ours = "from loralint.cli import main; main()"
    assert fastest(ours) - fastest("pass") < 0.060


@pytest.mark.parametrize(
    "command",
    [
        "check",
        "inventory",
        "pairs",
        "pin",
        "lock",
        "outdated",
        "baseline",
        "init",
        "rule",
        "config",
    ],
)
def test_every_command_has_help(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: loralint {command}")
    assert command in run("--help").stdout


def test_check_has_every_option_of_the_contract(run):
    text = run("check", "--help").stdout
    for option in (
        "--select",
        "--extend-select",
        "--ignore",
        "--strict",
        "--output-format",
        "--output-file",
        "--statistics",
        "--exit-zero",
        "--fail-on",
        "--baseline",
        "--stdin-filename",
        "--jobs",
        "--scheduler",
        "--no-cache",
        "--isolated",
        "--config",
        "--verbose",
        "--quiet",
        "--color",
        "--no-ignores",
        "--runtime",
        "--trust-remote-code",
    ):
        assert option in text, option


def test_unknown_command_names_the_nearest(project, run):
    result = run("chekc")
    assert result.exit_code == 2
    assert "`check`" in result.stderr
    assert "`loralint check serve.py`" in run("serve.py").stderr


def test_no_command_shows_the_help(run):
    assert "check" in run().output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(start, shell):
    result = start(_LORALINT_COMPLETE=f"{shell}_source")
    assert result.returncode == 0
    assert "LORALINT_COMPLETE" in result.stdout


def test_reader_that_goes_away_changes_no_exit_code(project):
    for number in range(300):
        (project / f"x{number}.py").write_text(
            "from transformers import AutoModel\n" + "AutoModel.from_pretrained('acme/x')\n" * 9,
            encoding="utf-8",
        )
    process = subprocess.Popen(
        [sys.executable, "-m", "loralint", "check", "--output-format", "concise"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), errors) == (1, "")


def test_terminal_without_unicode_survives(project, start):
    (project / "ü.py").write_text(
        'from transformers import AutoModel\nAutoModel.from_pretrained("acme/ü", "→")\n'
        'AutoModel.from_pretrained("acme/x")\n',
        encoding="utf-8",
    )
    result = start("check", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert result.returncode == 1, result.stderr
