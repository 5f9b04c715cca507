"""The page `commands.md`: whole projects with command lines, through loralint's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from loralint.cli import loralint
from tests.markdown_pages import Case, Mark, cases

PAGE = Path(__file__).with_name("commands.md")
CASES = cases(PAGE.read_text(encoding="utf-8"))


def found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `loralint check` says of a folder, as the JSON it prints."""
    (folder / ".git").mkdir()
    monkeypatch.chdir(folder)
    asked = ["check", "--select", "LOR201,LOR202", "--output-format", "json", "--no-cache"]
    result = CliRunner().invoke(loralint, asked)
    assert result.exit_code in (0, 1), result.output
    listed: list[dict[str, Any]] = json.loads(result.stdout)
    return listed


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_project(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case.write(tmp_path)
    diagnostics = found(tmp_path, monkeypatch)
    marks = list(case.marks())
    related = [each for one in diagnostics for each in one["related"]]
    check([mark for mark in marks if not mark.related], diagnostics)
    check([mark for mark in marks if mark.related], related)


def check(marks: list[Mark], places: list[dict[str, Any]]) -> None:
    """Each mark is met, and what is found is marked."""
    for mark in marks:
        assert any(fits(mark, place) for place in places), (mark, places)
    for place in places:
        assert any(fits(mark, place) for mark in marks), place


def fits(mark: Mark, place: dict[str, Any]) -> bool:
    """Whether a finding or related place is what a mark asserts."""
    start = place["location"]
    return (
        (place["filename"], start["row"]) == (mark.path, mark.row)
        and mark.column in (None, start["column"])
        and mark.severity in (None, place.get("severity"))
        and mark.text in place["message"]
    )
