"""Every rule against its page of tests (`tests/rules/<name>.md`) and its own examples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loralint.config import Config
from loralint.config.load import load
from loralint.diagnostics import Diagnostic
from loralint.engine import Request, check, gather
from loralint.rules import RULES, Rule
from tests.markdown_pages import Case, Mark, cases

PAGES = Path(__file__).parent / "rules"
BY_NAME = {rule.name: rule for rule in RULES}


def _pages() -> list[object]:
    return [
        pytest.param(BY_NAME[page.stem], case, id=f"{page.stem}:{case.row} {case.title}")
        for page in sorted(PAGES.glob("*.md"))
        for case in cases(page.read_text(encoding="utf-8"))
    ]


def _examples(heading: str) -> list[object]:
    return [
        pytest.param(rule, case, id=rule.name)
        for rule in RULES
        for case in cases(rule.doc)
        if case.title == heading
    ]


@pytest.mark.parametrize(("rule", "case"), _pages())
def test_page(rule: Rule, case: Case, tmp_path: Path) -> None:
    case.write(tmp_path)
    found = _run(rule, tmp_path, case.title)
    assert _unmet(case, found) == [] and _unmarked(case, found) == [], _shown(found)


@pytest.mark.parametrize(("rule", "case"), _examples("Example"))
def test_example_is_found(rule: Rule, case: Case, tmp_path: Path) -> None:
    case.write(tmp_path)
    assert _run(rule, tmp_path)


@pytest.mark.parametrize(("rule", "case"), _examples("Use instead"))
def test_what_to_use_instead_is_silent(rule: Rule, case: Case, tmp_path: Path) -> None:
    case.write(tmp_path)
    found = _run(rule, tmp_path)
    assert found == [], _shown(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_tests(rule: Rule) -> None:
    page = PAGES / f"{rule.name}.md"
    marked = [any(not m.related for m in case.marks()) for case in cases(page.read_text("utf-8"))]
    assert marked.count(True) >= 4 and marked.count(False) >= 4


def _run(rule: Rule, folder: Path, title: str = "") -> list[Diagnostic]:
    config = _config(rule, folder, title)
    request = Request(root=str(folder), scopes=(str(folder),), config=config, cached=False)
    if rule.code in ("LOR001", "LOR002"):  # the engine's own business
        return [one for one in check(request).diagnostics if one.code == rule.code]
    return sorted(rule.run(gather(request).project), key=lambda found: found.sort_key)


def _config(rule: Rule, folder: Path, title: str) -> Config:
    settings = folder / "pyproject.toml"
    config = load(folder).config if settings.exists() else Config()
    if "(unselected)" in title or rule.code in ("LOR001", "LOR002"):
        return config
    return replace(config, select=(rule.code,), strict="--strict" in title)


def _unmet(case: Case, found: list[Diagnostic]) -> list[Mark]:
    return [mark for mark in case.marks() if not any(_meets(one, mark) for one in found)]


def _unmarked(case: Case, found: list[Diagnostic]) -> list[Diagnostic]:
    marks = [mark for mark in case.marks() if not mark.related]
    return [one for one in found if not any(_meets(one, mark) for mark in marks)]


def _meets(found: Diagnostic, mark: Mark) -> bool:
    if mark.related:
        return any(_is_at(r.place, mark) and mark.text in r.message for r in found.related)
    fits = mark.severity in (None, found.severity) and mark.text in found.message
    column = found.place.span.start.column
    return fits and _is_at(found.place, mark) and mark.column in (None, column)


def _is_at(place: object, mark: Mark) -> bool:
    at = (place.path, place.cell, place.span.start.row)  # type: ignore[attr-defined]
    return at == (mark.path, mark.cell, mark.row)


def _shown(found: list[Diagnostic]) -> str:
    lines = [f"{one.place} {one.severity} {one.message}" for one in found]
    return "found:\n" + "\n".join(lines or ["nothing"])
