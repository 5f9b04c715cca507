"""Pins in the hands of formatters: black and ruff may lay the code out, the stamps are found again."""

# ruff: noqa: E501  (rows of code as they are)

from __future__ import annotations

import re

import pytest

from tests.formatters import formatted
from tests.hub.cache import FakeCache
from tests.markdown_pages import notebook

A, B = "a" * 40, "b" * 40
HEAD = (
    "from peft import LoraConfig, PeftModel, get_peft_model\nfrom transformers import AutoModel\n\n"
)
STAMP = re.compile(r"# main, \d{4}-\d\d-\d\d")
CODE = {
    "one row": 'model = AutoModel.from_pretrained("org/a")\n',
    "arguments": 'model = AutoModel.from_pretrained("org/a", device_map="auto", torch_dtype="auto")\n',
    "a comment of its own": 'model = AutoModel.from_pretrained("org/a")  # our model\n',
    "within a call": 'model = prepared(AutoModel.from_pretrained("org/a"), config)\n',
    "chained": 'model = AutoModel.from_pretrained("org/a").to("cuda").eval()\n',
    "within a function": 'def f():\n    return AutoModel.from_pretrained("org/a")\n',
    "deep": 'class C:\n    def f(self):\n        if 1:\n            with x:\n'
    '                self.model = AutoModel.from_pretrained("org/a", device_map={"": 0})\n',
    "in a dict": 'models = {"a": AutoModel.from_pretrained("org/a"), "b": None}\n',
    "rows": 'model = AutoModel.from_pretrained(\n    "org/a", device_map="auto"\n)\n',
    "a row each": 'model = AutoModel.from_pretrained(\n    "org/a",\n    device_map="auto",\n)\n',
    "a constant": 'REVISION = "main"\nmodel = AutoModel.from_pretrained("org/a", revision=REVISION)\n',
    "keywords": 'options = {"device_map": "auto"}\nmodel = AutoModel.from_pretrained("org/a", **options)\n',
    "asserted": 'assert AutoModel.from_pretrained("org/a"), "a message that makes the row long"\n',
}  # fmt: skip


@pytest.fixture
def work(tmp_path, monkeypatch, local: FakeCache):
    """A project with one file, and a cache that knows a model."""
    local.add("org/a", A, "main")
    (tmp_path / "project" / ".git").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795478400")
    return tmp_path / "project"


@pytest.mark.parametrize("formatter", ["black", "ruff"])
@pytest.mark.parametrize("case", CODE)
def test_pin_format_outdated_upgrade_format(case, formatter, work, local, run, monkeypatch) -> None:
    path = work / "a.py"
    path.write_text(HEAD + CODE[case])
    assert run("pin", "--no-cache").exit_code in (0, 1)
    text = path.read_text()
    assert (text.count(A), len(STAMP.findall(text))) == (1, 1), text
    path.write_text(formatted(formatter, text))
    assert run("outdated", "--no-cache").exit_code == 0, path.read_text()
    local.add("org/a", B, "main")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1797478400")
    assert run("outdated", "--no-cache").exit_code == 1, path.read_text()
    assert run("pin", "--upgrade", "--no-cache").exit_code in (0, 1)
    text = path.read_text()
    assert (text.count(A), text.count(B)) == (0, 1), text
    assert STAMP.findall(text) == ["# main, 2026-12-17"], text
    path.write_text(formatted(formatter, text))
    assert run("outdated", "--no-cache").exit_code == 0, path.read_text()


@pytest.mark.parametrize("formatter", ["black", "ruff"])
@pytest.mark.parametrize(
    "case", ["one row", "arguments", "within a function", "deep", "a row each"]
)
def test_what_pin_writes_is_formatted(case, formatter, work, run) -> None:
    path = work / "a.py"
    path.write_text(formatted(formatter, HEAD + CODE[case]))
    assert run("pin", "--no-cache").exit_code in (0, 1)
    assert formatted(formatter, path.read_text()) == path.read_text()


def test_a_comment_stays_with_what_it_was_written_for(work, run) -> None:
    path = work / "a.py"
    path.write_text(HEAD + CODE["a comment of its own"])
    run("pin", "--no-cache")
    assert path.read_text() == (
        f'{HEAD}model = AutoModel.from_pretrained(\n    "org/a",\n'
        f'    revision="{A}",  # main, 2026-11-24\n)  # our model\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        f'm = f(\n    "org/a", revision="{A}"\n)  # main, 2026-01-02\n',
        f'm = g(\n    f(\n        "org/a",\n        revision="{A}",\n    ),\n)  # main, 2026-01-02\n',
        f'm = f(\n    # main, 2026-01-02\n    "org/a",\n    revision="{A}",\n)\n',
        f'm = f(  # main, 2026-01-02\n    "org/a",\n    revision="{A}",\n)\n',
        f'm = (\n    f("org/a", revision="{A}")\n    .eval()\n)  # main, 2026-01-02\n',
        f'R = (\n    "{A}"  # main, 2026-01-02\n)\nm = f("org/a", revision=R)\n',
    ],
)
@pytest.mark.parametrize("kind", ["py", "ipynb", "crlf"])
def test_the_stamp_is_read_wherever_it_went(text, kind, work, local, run) -> None:
    text = f"from transformers import AutoModel\n\nf = AutoModel.from_pretrained\n{text}"
    if kind == "ipynb":
        (work / "a.ipynb").write_text(notebook(text))
    else:
        (work / "a.py").write_bytes(text.replace("\n", "\r\n" if kind == "crlf" else "\n").encode())
    assert run("outdated", "--no-cache").exit_code == 0
    local.add("org/a", B, "main")
    assert run("outdated", "--no-cache").exit_code == 1
    assert run("pin", "--upgrade", "--no-cache").exit_code in (0, 1)
    (path,) = work.glob("a.*")
    after = path.read_text()
    assert (after.count(A), after.count(B), after.count("2026-01-02")) == (0, 1, 0), after
    assert after.count("# main, 2026-11-24") == 1, after


def test_two_commits_in_a_statement_share_no_stamp(work, local, run) -> None:
    (work / "a.py").write_text(
        f'{HEAD}a = (\n    AutoModel.from_pretrained("org/a", revision="{A}"),\n'
        f'    AutoModel.from_pretrained("org/b", revision="{B}"),\n)  # main, 2026-01-02\n'
    )
    result = run("outdated", "--no-cache")
    assert result.exit_code == 3 and result.stdout.count("is not noted") == 2


def test_dry_run_lists_every_edited_place(work, run) -> None:
    (work / "a.py").write_text(
        f'{HEAD}model = AutoModel.from_pretrained("org/a")\n'
        "model = get_peft_model(model, LoraConfig(r=8))\nmodel.save_pretrained('out')\n"
    )
    (work / "b.py").write_text('from transformers import AutoModel\n\nfrom c import REV\n\n'
                               'AutoModel.from_pretrained("org/a", revision=REV)\n')  # fmt: skip
    (work / "c.py").write_text('REV = "main"\n')
    before = {path.name: path.read_text() for path in work.glob("*.py")}
    said = run("pin", "--dry-run", "--no-cache").stdout
    places = re.findall(r"^(?:  also )?(\w+\.py):(\d+):", said, re.M)
    assert {path.name: path.read_text() for path in work.glob("*.py")} == before
    run("pin", "--no-cache")
    changed = {
        (path.name, str(number))
        for path in work.glob("*.py")
        for number, row in enumerate(before[path.name].splitlines(), 1)
        if row not in path.read_text().splitlines()
    }
    assert changed <= set(places), (changed, said)
    assert ("a.py", "5") in places and ("c.py", "1") in places
