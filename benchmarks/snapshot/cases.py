"""Writes every project that the tests hold to a folder, one folder each.

The pages of tests change, and a snapshot compares what two versions say of the same bytes: the
projects are written once and kept.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
sys.path.insert(0, str(ROOT))

from tests.markdown_pages import Case, cases  # noqa: E402  # tests/ is found from here on

UNNAMED = {
    "python": {"python": "snippet.py"},
    "notebook": {"python": "snippet.ipynb"},
    "recipe": {"yaml": "recipe.yaml", "json": "recipe.json", "toml": "recipe.toml"},
    "shell": {"sh": "run.sh"},
}
"""What the fences of tests/facts/PAGE.md hold, by language, where they name no file."""


def write_all(out: Path, more: Sequence[Path]) -> int:
    """Write the projects, and say how many; `more`: folders of cases (`NAME/case.json`)."""
    out.mkdir(parents=True)
    for name, found, git in (*_pages(), *_fact_pages(), *_rule_docs()):
        _write_page(out, name, found, git)
    for folder in sorted(_folders(TESTS / "projects")):
        shutil.copytree(folder, out / f"project-{folder.name}")
        (out / f"project-{folder.name}" / ".git").mkdir()
    for folder in sorted(_folders(ROOT / "examples")):
        shutil.copytree(folder, out / f"example-{folder.name}")
    for case in sorted(case for folder in more for case in _folders(folder)):
        _write_case(out, case)
    return sum(1 for _ in _folders(out))


Page = tuple[str, list[Case], bool]
"""A name, the cases, and whether the tests make each a repository."""


def _pages() -> Iterator[Page]:
    for folder in ("rules", "projects"):
        for page in sorted((TESTS / folder).glob("*.md")):
            yield page.stem, cases(page.read_text(encoding="utf-8")), folder == "projects"
    for page in sorted((TESTS / "fixer").glob("*.md")):
        found = cases(page.read_text(encoding="utf-8"))
        for case in found:
            case.files.pop()  # the diff with which each ends
        yield f"fixer-{page.stem}", found, False


def _fact_pages() -> Iterator[Page]:
    for page, names in UNNAMED.items():
        text = (TESTS / "facts" / f"{page}.md").read_text(encoding="utf-8")
        for language, name in names.items():
            text = re.sub(rf"^```{language} *$", f"```{language} {name}", text, flags=re.MULTILINE)
        yield f"facts-{page}", cases(text), False


def _rule_docs() -> Iterator[Page]:
    from loralint.rules import RULES

    for rule in RULES:
        yield f"doc-{rule.name}", cases(rule.doc), False


def _write_page(out: Path, page: str, found: Sequence[Case], git: bool) -> None:
    for number, case in enumerate(found, 1):
        slug = re.sub(r"\W+", "-", case.title.lower()).strip("-")[:60]
        folder = out / f"{page}-{number:02}-{slug}".rstrip("-")
        folder.mkdir()
        case.write(folder)
        if git:
            (folder / ".git").mkdir()


def _folders(folder: Path) -> Iterator[Path]:
    """The folders in a folder that are projects."""
    for path in folder.iterdir():
        if path.is_dir() and not path.name.startswith(("__", ".")):
            yield path


def _write_case(out: Path, case: Path) -> None:
    """A case as a whole, made ready as its `setup` says, and each folder in it."""
    whole = out / f"case-{case.name}"
    shutil.copytree(case, whole, symlinks=True)
    described = json.loads((whole / "case.json").read_text(encoding="utf-8"))
    for command in described.get("setup", ()):
        subprocess.run(["sh", "-c", command], cwd=whole, check=True)
    for part in sorted(_folders(whole)):
        shutil.copytree(part, out / f"case-{case.name}-{part.name}", symlinks=True)
