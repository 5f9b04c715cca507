"""The cache through the command line: faster, and never different."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from small_project import OTHER, PINNED

HEAVY = (
    "libcst",
    "yaml",
    "loralint.rules",
    "loralint.project.linking",
    "loralint.read.python.module",
    "loralint.engine.gathering",
    "concurrent.futures",
)

WARM = """\
import sys
from loralint.cli import main
try:
    main()
except SystemExit as end:
    print(end.code, sorted({heavy} & sys.modules.keys()), file=sys.stderr)
"""


def listed(run, *arguments):
    return run("check", "--output-format", "json", *arguments).stdout


@pytest.mark.parametrize("name", HEAVY)
def test_heavy_modules_exist(name):
    """A name that is none any more would never be imported, and assert nothing."""
    assert importlib.util.find_spec(name) is not None


def test_a_cold_run_imports_its_own(project, run, start):
    cold = start("check", "--no-cache", code=WARM.format(heavy=set(HEAVY)))
    assert [
        name for name in HEAVY if name.startswith("loralint.") and name not in cold.stderr
    ] == []


def test_warm_run_imports_nothing_heavy(project, run, start):
    cold = run("check")
    warm = start("check", code=WARM.format(heavy=set(HEAVY)))
    assert warm.stderr == "1 []\n"
    assert warm.stdout.splitlines()[0] == cold.stdout.splitlines()[0]


def test_calls_that_were_flagged_before_are_not_parsed_again(project, run, start):
    before = listed(run)
    (project / "notes.yaml").write_text("a: 1\n", encoding="utf-8")
    warm = start("check", "--output-format", "json", code=WARM.format(heavy={"libcst"}))
    assert warm.stderr == "1 []\n"
    assert warm.stdout == before


def test_warm_run_gives_the_same(project, run):
    cold = run("check", "--no-cache", "-v")
    first, second = run("check", "-v"), run("check", "-v")
    for one in (first, second):
        assert one.stdout.rsplit("Took", 1)[0] == cold.stdout.rsplit("Took", 1)[0]
        assert one.exit_code == cold.exit_code == 1


def test_no_cache_leaves_nothing(project, run):
    run("check", "--no-cache", "--cache-dir", "cache")
    assert not (project / "cache").exists()


def test_cache_lies_where_it_is_asked_for_and_never_in_the_project(project, run, tmp_path_factory):
    before = sorted(project.rglob("*"))
    asked = tmp_path_factory.mktemp("asked")
    run("check", "--cache-dir", str(asked))
    assert sorted(project.rglob("*")) == before
    assert len(list(asked.glob("*/v2.bin"))) == 1


def written(name, text):
    return lambda project, run: (project / name).write_text(text, encoding="utf-8")


CHANGES = {
    "edit": written("tools/other.py", PINNED),
    "add": written("new.py", OTHER),
    "ignore": written(".gitignore", "tools/\n"),
    "ignore deeper": written("tools/.gitignore", "*\n"),
    "set": written("loralint.toml", 'ignore = ["LOR201"]\n'),
    "accept": lambda project, run: run("baseline"),
    "remove": lambda project, run: (project / "serve.py").unlink(),
    "rename": lambda project, run: (project / "serve.py").rename(project / "served.py"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(project, run, change):
    before = listed(run)
    CHANGES[change](project, run)
    after = listed(run)
    assert before != after == listed(run, "--no-cache")


def test_change_back_is_seen(project, run):
    before = listed(run)
    (project / ".gitignore").write_text("tools/\n", encoding="utf-8")
    assert listed(run) != before
    (project / ".gitignore").unlink()
    assert listed(run) == before


def test_change_of_one_commit_into_another_is_seen(project, run):
    path = project / "tools" / "other.py"
    path.write_text(PINNED, encoding="utf-8")
    run("check")
    path.write_text(PINNED.replace("a" * 40, "A" * 40), encoding="utf-8")
    assert listed(run, "tools") == listed(run, "tools", "--no-cache")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--select", "LOR101"],
        ["--ignore", "LOR101"],
        ["--strict"],
        ["--no-ignores"],
        ["serve.py"],
        ["tools"],
        ["--isolated"],
    ],
)
def test_other_questions_get_other_answers(project, run, arguments):
    (project / "loralint.toml").write_text('ignore = ["LOR110"]\n', encoding="utf-8")
    run("check")
    assert listed(run, *arguments) == listed(run, "--no-cache", *arguments)
    assert listed(run) == listed(run, "--no-cache")


def test_only_what_changed_is_parsed_again(project, run, monkeypatch):
    run("check")
    parsed = []
    from loralint.engine import workers

    real = workers.extract
    monkeypatch.setattr(workers, "extract", lambda one: parsed.append(one.path) or real(one))
    (project / "tools" / "other.py").write_text(PINNED, encoding="utf-8")
    run("check")
    assert parsed == ["tools/other.py"]


def test_damaged_cache_costs_only_time(project, run):
    first = listed(run)
    (kept,) = Path(os.environ["LORALINT_CACHE_DIR"]).glob("*/v2.bin")
    kept.write_bytes(b"loralint-cache-2\n\xff\xff\xff\xff")
    assert listed(run) == first


def test_inventory_shares_the_facts(project, run, monkeypatch):
    run("check")
    monkeypatch.setattr("loralint.engine.workers.extract", None)
    assert run("inventory").exit_code == 0
