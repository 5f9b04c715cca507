"""The pages beside this file: what `--diff` shows, what `--fix` writes, and that it is settled."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.markdown_pages import Case, cases

HERE = Path(__file__).parent
PAGES = [
    (page.stem, case)
    for page in sorted(HERE.glob("*.md"))
    for case in cases(page.read_text(encoding="utf-8"))
]


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(("page", "case"), PAGES, ids=[f"{p}: {c.title}" for p, c in PAGES])
def test_page(tmp_path, check, page, case: Case) -> None:
    *files, (name, expected) = case.files
    assert name == "fix.diff", "a case ends with what --diff shows"
    flags = re.findall(r"--[\w-]+", case.title)
    case.files = files
    case.write(tmp_path)
    before = contents(tmp_path)

    shown = check(tmp_path, "--diff", "--no-cache", *flags)
    assert shown.stdout.strip() == expected.strip()
    assert shown.exit_code == (1 if expected else 0), shown.stderr
    assert contents(tmp_path) == before, "--diff writes nothing"

    check(tmp_path, "--fix", *flags)
    after = contents(tmp_path)
    assert check(tmp_path, "--diff", *flags).exit_code == 0, "a second run changes nothing"
    assert (after != before) == bool(expected)
    if expected:
        reverse(tmp_path, shown.stdout)
        assert contents(tmp_path) == before, "the diff is what was done, for `patch` too"


def reverse(folder: Path, diff: str) -> None:
    command = ["patch", "-R", "-p0", "--binary"]
    subprocess.run(command, cwd=folder, input=diff, text=True, check=True, capture_output=True)
