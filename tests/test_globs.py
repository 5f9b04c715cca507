"""Globs: what git means by them, in a time that grows with the name and not with its splits."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from loralint.config.globs import compiled

PATHS = """a b ab aab abc a.py .a a/b a/a.py b/a a/b/ab a/a/a/b x/abc/b.py a-b [a] z/!a #a a/#a
b/[a] a.py/b deep/er/est/a.py deep/a build/x/a.py src/build src/build/b.py""".split()
PATTERNS = r"""a *.py /a a/ a/b a/* a/** **/a **/a/b a/**/b * ** */ /* ? ?? [ab] [!a] [^a] [a-c]*
[z-a] [[:alpha:]] [[:alpha:]]b []a] *a*b a*b* *?b deep/**/a.py deep/** build/ src/build !a \#a \!a
\a \[a\] [a [ \ a\ ***  a** **b /**/a a/**/**/b /build/ #a""".split()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize("pattern", sorted({each.strip() for each in PATTERNS}))
def test_as_git_has_it(repository, pattern):
    (repository / ".gitignore").write_text(f"{pattern}\n", encoding="utf-8")
    answer = subprocess.run(
        ["git", "check-ignore", "-z", "--no-index", "--stdin"], cwd=repository, check=False,
        input="\0".join(PATHS), capture_output=True, text=True,
    )  # fmt: skip
    wanted = set(answer.stdout.split("\0")) - {""}
    globs = compiled((pattern,))
    assert {path for path in PATHS if globs.match(path)} == wanted


def test_last_pattern_that_fits_decides():
    globs = compiled(("*.py", "!keep.py", "/keep.py"))
    assert [globs.match(each) for each in ("a.py", "x/keep.py", "keep.py", "a.md")] == [
        True, False, True, False,
    ]  # fmt: skip


def test_folders_alone():
    globs = compiled(("out/",))
    assert globs.verdict("out") is None
    assert globs.verdict("out", is_folder=True)
    assert globs.match("x/out/a.py")


@pytest.mark.parametrize("line", ["[a", "a\\", "!", "/", "[", "[!", "x/[b"])
def test_pattern_that_is_none_matches_nothing_and_is_told(line):
    globs = compiled((line, "b"))
    assert globs.bad == (line,)
    assert globs.match("b")
    assert not globs.match("a")


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*" + "a*" * 20 + "b", "a"),
        ("*[ab]" * 15 + "c", "ab"),
        ("*?" * 20 + "b", "a"),
        ("**/a/" * 10 + "b", "a/"),
        ("**/*a*a*/" * 6 + "zz", "aaa/"),
        ("a/**/" * 8 + "*a*b", "a/"),
        ("*a" * 60, "ab"),
    ],
)
def test_no_pattern_takes_long(pattern, name):
    """A name of 4,000 letters; tried split by split, twenty stars would not come to an end."""
    began = time.process_time()
    assert not compiled((pattern,)).match(name * (4000 // len(name)) + "x")
    assert time.process_time() - began < 2
