"""Every rule against its page of tests (`tests/rules/<name>.md`) and its own examples."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import permutations
from pathlib import Path

import pytest

from loralint.config import Config
from loralint.config.load import load
from loralint.diagnostics import Diagnostic, Related
from loralint.engine import Request, check, gather
from loralint.engine.confirming import Confirming
from loralint.read.call_form import call_form
from loralint.rules import RULES, Rule
from loralint.source import Location, Place
from tests.markdown_pages import Case, Mark, cases

PAGES = Path(__file__).parent / "rules"
BY_NAME = {rule.name: rule for rule in RULES}
WITHOUT_SUBJECT = frozenset(
    """compiled-before-wrap discarded-merge double-wrapped-adapter fresh-adapter-at-inference
    fused-before-save ignored-load-result ignored-mismatched-sizes inactive-adapter
    merge-into-quantized merged-into-adapter-dir non-strict-adapter-load nondeterministic-init
    removed-quantization-keyword reused-base suppressed-load-warnings unsaved-head
    unsaved-resized-embeddings""".split()
)
"""Rules whose findings are about objects of the code; all others know which repository is meant,
and a baseline tells their findings apart by it."""


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
    assert list(_faults(case, found)) == [], _shown(found)
    assert _mended(case, found) == case.fixed(), _shown(found)


@pytest.mark.parametrize(("rule", "case"), _examples("Example"))
def test_example_is_found(rule: Rule, case: Case, tmp_path: Path) -> None:
    case.write(tmp_path)
    found = _run(rule, tmp_path)
    assert found and list(_doubled(found)) == []
    assert any(one.subject for one in found) == (rule.name not in WITHOUT_SUBJECT)


@pytest.mark.parametrize(("rule", "case"), _examples("Use instead"))
def test_what_to_use_instead_is_silent(rule: Rule, case: Case, tmp_path: Path) -> None:
    case.write(tmp_path)
    found = _run(rule, tmp_path)
    assert found == [], _shown(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_tests(rule: Rule) -> None:
    page = [list(case.marks()) for case in cases((PAGES / f"{rule.name}.md").read_text("utf-8"))]
    marked = [any(not mark.related for mark in marks) for marks in page]
    assert marked.count(True) >= 4 and marked.count(False) >= 4
    findings = [mark for marks in page for mark in marks if not mark.related]
    assert any(mark.end for mark in findings), "a page underlines what it finds"
    assert any(mark.safety for mark in findings) == (rule.name != "syntax-error"), (
        "and says the fix"
    )


def _run(rule: Rule, folder: Path, title: str = "") -> list[Diagnostic]:
    config = _config(rule, folder, title)
    request = Request(root=str(folder), scopes=(str(folder),), config=config, cached=False)
    if rule.code in ("LOR001", "LOR002"):  # the engine's own business
        return [one for one in check(request).diagnostics if one.code == rule.code]
    gathered = gather(request)
    found, _ = Confirming(gathered).confirmed(list(rule.run(gathered.project)))
    return sorted(found, key=lambda one: one.sort_key)


def _config(rule: Rule, folder: Path, title: str) -> Config:
    settings = folder / "pyproject.toml"
    config = load(folder).config if settings.exists() else Config()
    if "(unselected)" in title or rule.code in ("LOR001", "LOR002"):
        return config
    return replace(config, select=(rule.code,), strict="--strict" in title)


def _faults(case: Case, found: list[Diagnostic]) -> Iterator[str]:
    """Where the findings and the marks are not the same."""
    marks = [mark for mark in case.marks() if not mark.related]
    for row in sorted(
        {_row_of(one.place) for one in found} | {_row(mark) for mark in marks}, key=str
    ):
        here = [one for one in found if _row_of(one.place) == row]
        wanted = [mark for mark in marks if _row(mark) == row]
        if not _one_each(here, wanted):
            yield f"{row}: {len(here)} findings, not as {len(wanted)} marks have them"
    yield from _doubled(found)
    yield from (f"no call in a baseline: {one}" for one in found if not _is_known(case, one))
    yield from _related_faults(case, [each for one in found for each in one.related])


def _related_faults(case: Case, found: list[Related]) -> Iterator[str]:
    marks = [mark for mark in case.marks() if mark.related]
    for mark in marks:
        if not any(_names(one, mark) for one in found):
            yield f"not named: {mark}"
    for one in found:
        if not any(_names(one, mark) for mark in marks):
            yield f"not marked: {one}"


def _doubled(found: list[Diagnostic]) -> Iterator[str]:
    """Nothing is said twice: neither a finding of one place nor a related place of one finding."""
    for place, times in Counter((one.code, one.place) for one in found).items():
        if times > 1:
            yield f"found {times} times: {place}"
    for one in found:
        for place, times in Counter(each.place for each in one.related).items():
            if times > 1:
                yield f"named {times} times: {place}"


def _is_known(case: Case, found: Diagnostic) -> bool:
    """Whether a finding in code has its call, which a baseline knows it by."""
    if found.code in ("LOR001", "LOR002") or not found.place.path.endswith((".py", ".ipynb")):
        return True
    return found.call in _forms(tuple(case.texts().values()))


@cache
def _forms(texts: tuple[str, ...]) -> frozenset[str]:
    """All calls, and dicts that are called later, in the one form that a baseline has of them."""
    nodes: list[ast.AST] = []
    for text in texts:
        with suppress(SyntaxError):  # of another kind of file
            nodes += ast.walk(ast.parse(re.sub(r"(?m)^(\s*)[%!].*", r"\1pass", text)))
    kinds = (ast.Call, ast.Dict)
    return frozenset(call_form(ast.unparse(node)) for node in nodes if isinstance(node, kinds))


def _mended(case: Case, found: list[Diagnostic]) -> dict[tuple[str, int | None], str]:
    """The files when every fix is made, an edit that several need once."""
    texts = case.texts()
    edits = {edit for one in found if one.fix for edit in one.fix.edits}
    for edit in sorted(edits, key=lambda edit: edit.place, reverse=True):
        file = (edit.place.path, edit.place.cell)
        rows = texts[file].splitlines(keepends=True)
        start, end = (_offset(rows, at) for at in (edit.place.span.start, edit.place.span.end))
        texts[file] = texts[file][:start] + edit.content + texts[file][end:]
    return texts


def _offset(rows: list[str], at: Location) -> int:
    return sum(len(row) for row in rows[: at.row - 1]) + at.column - 1


def _one_each(found: list[Diagnostic], marks: list[Mark]) -> bool:
    """Whether each mark of a row has a finding of its own, and each finding a mark."""
    return len(found) == len(marks) and any(
        all(map(_meets, order, marks)) for order in permutations(found)
    )


def _meets(found: Diagnostic, mark: Mark) -> bool:
    fits = mark.severity in (None, found.severity) and mark.text in found.message
    return fits and _is_at(found.place, mark) and _is_fixed(found, mark)


def _names(found: Related, mark: Mark) -> bool:
    return mark.text in found.message and _is_at(found.place, mark)


def _is_fixed(found: Diagnostic, mark: Mark) -> bool:
    if mark.safety is None:
        return True
    fix = found.fix
    return fix is not None and fix.applicability == mark.safety and mark.advice in fix.message


def _is_at(place: Place, mark: Mark) -> bool:
    start, end = place.span.start, place.span.end
    fits = mark.column in (None, start.column) and mark.end in (None, (end.row, end.column))
    return fits and _row_of(place) == _row(mark)


def _row_of(place: Place) -> tuple[str, int | None, int]:
    return place.path, place.cell, place.span.start.row


def _row(mark: Mark) -> tuple[str, int | None, int]:
    return mark.path, mark.cell, mark.row


def _shown(found: list[Diagnostic]) -> str:
    lines = [f"{one.place} {one.severity} {one.message}" for one in found]
    return "found:\n" + "\n".join(lines or ["nothing"])
