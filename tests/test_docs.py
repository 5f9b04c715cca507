"""The README and the rules' pages say what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import Context
from click.testing import CliRunner

from loralint.cli.group import COMMANDS, loralint
from loralint.cli.rule import level
from loralint.rules import RULES, Rule
from loralint.verify.codes import BY_CODE
from tests.markdown_pages import cases

ROOT = Path(__file__).parent.parent
RULES_DIR = ROOT / "loralint" / "rules"
BEGIN, END = "<!-- rules:begin -->\n", "<!-- rules:end -->"
SECTIONS = ("Why is this bad?", "Example", "Use instead", "Fix safety", "Known problems")


def table() -> str:
    """The README's table of rules; `python tests/test_docs.py` writes it."""
    return "".join(f"{line}\n" for line in ("", *_lines(), ""))


def _lines() -> Iterator[str]:
    yield "| code | name | severity | what it finds |"
    yield "|---|---|---|---|"
    for rule in RULES:
        yield f"| {rule.code} | `{rule.name}` | {level(rule)} | {_sentence(rule)} |"


def _sentence(rule: Rule) -> str:
    return rule.summary.removesuffix(".").replace("|", r"\|")


def test_readme_lists_every_rule() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _, found, rest = readme.partition(BEGIN)
    assert found and rest.partition(END)[0] == table(), "run python tests/test_docs.py"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_a_page(rule: Rule) -> None:
    headings = re.findall(r"^## (.*)$", rule.doc, re.MULTILINE)
    assert [one for one in headings if one != "References"] == list(SECTIONS)
    titles = [case.title for case in cases(rule.doc)]
    assert {"Example", "Use instead"} <= set(titles)
    assert rule.summary.endswith(".")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_one_file_a_rule(rule: Rule) -> None:
    path = RULES_DIR / f"{rule.name.replace('-', '_')}.py"
    assert path.read_text(encoding="utf-8").startswith(f'"""{rule.code}."""')


def test_codes_and_names_are_unique_and_in_order() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_rules_of_the_readme_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    known = {rule.code for rule in RULES} | set(BY_CODE)
    assert {code for code in re.findall(r"\bLOR\d{3}\b", readme) if code not in known} <= set()


if __name__ == "__main__":
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    readme.write_text(before + BEGIN + table() + END + rest.partition(END)[2], encoding="utf-8")


def test_the_first_screen_is_a_real_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the README shows is what the example's project gives today."""
    monkeypatch.chdir(ROOT / "examples" / "phi-2")
    monkeypatch.setenv("COLUMNS", "100")
    words = ["check", "--no-cache", "--isolated", "--color", "never", "--select", "LOR201", "."]
    said = CliRunner().invoke(loralint, words).stdout.rpartition("\n\n")[0]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("<!-- output:begin -->")[2].partition("<!-- output:end -->")[0]
    assert said in shown


PAGES = ("README.md", "CONTRIBUTING.md", "docs/output-formats.md", "docs/verification.md",
         "docs/contract.md")  # fmt: skip
_COMMAND = re.compile(r"(?:^    |`|\$ )loralint ([a-z]+)\b([^`\n#]*)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for name, rest in _COMMAND.findall(text):
        assert name in COMMANDS, f"loralint {name}"
        command = loralint.get_command(Context(loralint), name)
        options = {option for each in command.params for option in each.opts}
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest):
            assert option in options, f"loralint {name} {option}"


@pytest.mark.parametrize("page", PAGES)
def test_every_code_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    codes = {rule.code for rule in RULES} | BY_CODE.keys()
    assert set(re.findall(r"\bLOR\d{3}\b", text)) <= codes
