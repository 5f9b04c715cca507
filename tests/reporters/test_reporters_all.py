"""What every format owes: it loads late, says nothing raw, and never fails on odd text."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata

import pytest
from msgspec.structs import replace

from loralint.report import FORMATS, renderer
from loralint.report.base import Report

LINES = ("full", "concise", "github", "markdown")
"""What a person reads as it is, in a terminal or a log."""


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_renders_whatever_it_gets(name: str, sample: Report, hostile: Report) -> None:
    for report in (sample, hostile, Report(), replace(sample, diagnostics=())):
        text = renderer(name)(report)
        assert text.encode("utf-8").decode("utf-8") == text
        assert text == "" or (text.endswith("\n") and not text.endswith("\n\n"))


def test_the_contract_names_the_formats() -> None:
    names = "full concise json sarif github gitlab junit rdjson markdown"
    assert list(FORMATS) == names.split()


@pytest.mark.parametrize("name", FORMATS)
def test_each_name_is_its_module_s_or_its_function_s(name: str) -> None:
    found = renderer(name)
    module = found.__module__.rpartition(".")[2].rstrip("_")
    assert name == (module if found.__name__ == "render" else found.__name__)


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_has_gone_costs_its_lines_only(name: str, sample: Report) -> None:
    def gone(path: str, cell: int | None) -> list[str]:
        raise FileNotFoundError(path)

    text = renderer(name)(replace(sample, sources=gone))
    assert "refs/pr/23" in text


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("colour", [False, True])
def test_no_steering_character_passes(name: str, colour: bool, hostile: Report) -> None:
    text = renderer(name)(replace(hostile, colour=colour))
    own = re.sub(r"\x1b\[[0-9;]+m", "", text) if colour else text
    bad = [char for char in own if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    assert set(bad) <= {"\n", "\u200b"}
    assert "\\x1b[31m" in own or name == "markdown"


@pytest.mark.parametrize("name", FORMATS)
def test_without_colour_there_is_no_escape(name: str, sample: Report) -> None:
    assert "\x1b" not in renderer(name)(sample)


@pytest.mark.parametrize("name", ["full", "concise"])
def test_colour_changes_nothing_but_colour(name: str, sample: Report) -> None:
    coloured = renderer(name)(replace(sample, colour=True))
    assert coloured.count("\x1b[0m") > 6
    assert re.sub(r"\x1b\[[0-9;]+m", "", coloured) == renderer(name)(sample)


def test_formats_load_when_asked_for() -> None:
    """A warm run pays for one format at most, and the names cost nothing."""
    code = """
import sys, loralint.diagnostics
before = set(sys.modules)
import loralint.report as r
print(*sorted(set(sys.modules) - before))
r.renderer("full")
loaded = {name.split(".")[0] for name in set(sys.modules) - before}
print(*sorted(loaded - {"loralint", "importlib"}))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names, full = run.stdout.splitlines()
    assert names == "loralint.report"
    assert full == ""


@pytest.mark.parametrize(
    ("prefix", "inside", "path", "shown"),
    [
        ("", "", "a/b.py", "a/b.py"),
        ("../", "", "a/b.py", "../a/b.py"),
        ("..", "", "a/b.py", "../a/b.py"),
        ("proj/", "", "a/b.py", "proj/a/b.py"),
        ("..\\proj\\", "", "a/b.py", "../proj/a/b.py"),
        ("../", "a", "a/b.py", "b.py"),
        ("../", "a", "ab/b.py", "../ab/b.py"),
    ],
)
def test_names_are_relative_to_the_working_directory(
    prefix: str, inside: str, path: str, shown: str
) -> None:
    assert Report(root_prefix=prefix, working_directory=inside).filename(path) == shown


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"full", "markdown", "sarif"}))
def test_every_format_names_the_working_directory_s_path(name: str, sample: Report) -> None:
    text = renderer(name)(replace(sample, root_prefix="../"))
    assert text.count("../serve.py") >= 4
