"""The Markdown pages of this folder, run: what the front end makes of code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from loralint.facts import FileFacts
from loralint.read import extract
from loralint.source import Source
from tests.facts.notation import call

PAGE = Path(__file__).with_name("python.md")
CASE = re.compile(r"^## (.+?)\n```python\n(.*?)```\n```calls\n(.*?)```", re.DOTALL | re.MULTILINE)
FILLER = "def unrelated():\n" + "    value = compute(value)\n" * 900
"""Code that a slice leaves out: the same facts must come from a large file."""


def cases() -> Iterator[tuple[str, str, list[str]]]:
    """Name, code and expected calls of every test of the page."""
    for name, code, calls in CASE.findall(PAGE.read_text()):
        yield name, code, calls.splitlines()


PAGES = pytest.mark.parametrize(
    ("name", "code", "expected"), list(cases()), ids=[name for name, _, _ in cases()]
)


def facts(code: str) -> FileFacts:
    """The facts of a module."""
    return extract(Source("module.py", "python", code.encode()))


@PAGES
def test_page(name: str, code: str, expected: list[str]) -> None:
    found = sorted(facts(code).calls, key=lambda fact: fact.span.start.row)
    loads = [call(fact) for fact in found if _shown(call(fact))]
    assert loads == expected


@PAGES
def test_a_slice_gives_the_same_calls(name: str, code: str, expected: list[str]) -> None:
    large = facts(code + FILLER)
    assert [call(f) for f in large.calls if _shown(call(f))] == [
        call(f) for f in facts(code).calls if _shown(call(f))
    ]


def _shown(text: str) -> bool:
    words = ("pretrained", "get_peft_model", "LoraConfig", "partial", ":main(")
    return any(word in text for word in words)


def test_every_heading_is_a_test() -> None:
    assert len(list(cases())) == PAGE.read_text().count("\n## ")


@pytest.mark.parametrize(
    "line", ["x = x + x", "x = [x, x]", "x = {'a': x, 'b': x}", "x['a']['b'] = 1", "x = f'{x}{x}'"]
)
def test_terms_stay_small(line: str) -> None:
    code = "x = {}\n" + f"{line}\n" * 60
    encoded = msgspec.msgpack.encode(facts(code))
    assert len(encoded) < 100_000
