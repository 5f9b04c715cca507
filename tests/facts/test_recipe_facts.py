"""The page `recipe.md`, run: what the front end makes of recipes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from loralint.catalog.recipe_signs import LARGEST_RECIPE, may_be_recipe
from loralint.facts import Absent, FileFacts, Known, LoadSite, SaveSite, Value, Writing
from loralint.read import extract
from loralint.source import Source

PAGE = Path(__file__).with_name("recipe.md")
HEADING = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
FENCE = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def cases() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Each heading with its fences."""
    for name, body in HEADING.findall(PAGE.read_text(encoding="utf-8")):
        yield name, FENCE.findall(body)


CASES = list(cases())
PAGES = pytest.mark.parametrize(("name", "fences"), CASES, ids=[name for name, _ in CASES])


@PAGES
def test_page(name: str, fences: list[tuple[str, str, str]]) -> None:
    *files, (_, _, expected) = fences
    found = [line for kind, path, text in files for line in sites(facts(kind, path, text))]
    assert found == expected.splitlines()


@PAGES
def test_line_ends_and_a_byte_order_mark_change_nothing(
    name: str, fences: list[tuple[str, str, str]]
) -> None:
    for kind, path, text in fences[:-1]:
        other = "\ufeff" + text.replace("\n", "\r\n")
        assert sites(facts(kind, path, other)) == sites(facts(kind, path, text))


def facts(kind: str, path: str, text: str) -> FileFacts:
    """The facts of one fence."""
    return extract(Source(path or "recipe.yml", kind, text.encode()))


def sites(found: FileFacts) -> list[str]:
    """Loads and saves in the notation of the page."""
    return [*map(_load, found.loads), *map(_save, found.saves)]


def _load(site: LoadSite) -> str:
    stage = f", {site.stage}" if site.stage else ""
    values = f"{_short(site.repo_id)} @ {_short(site.revision)}"
    return f"{_place(site)} {site.artifact} {site.loader}: {values}{stage}"


def _save(site: SaveSite) -> str:
    return f"{_place(site)} save {site.artifact}: {_short(site.target)}"


def _place(site: LoadSite | SaveSite) -> str:
    return f"{site.span.start.row}:{site.span.start.column}"


def _short(value: Value) -> str:
    if isinstance(value, Known):
        return repr(value.value)
    return "-" if isinstance(value, Absent) else "?"


AXOLOTL = "base_model: a/b\nadapter: {adapter}\nsequence_len: 1\n{more}\n"


@pytest.mark.parametrize(
    ("adapter", "more", "expected"),
    [
        ("qlora", "load_in_4bit: true", ("nf4", True)),
        ("qlora", "load_in_4bit: true\nbnb_config_kwargs: {bnb_4bit_quant_type: fp4}",
         ("fp4", True)),
        ("lora", "load_in_8bit: true", ("int8", None)),
        ("lora", "load_in_4bit: false", ("none", None)),
        ("lora", "load_in_4bit: true", (None, None)),
    ],
)  # fmt: skip
def test_axolotl_quantises_as_it_does(adapter, more, expected):
    text = AXOLOTL.format(adapter=adapter, more=more)
    options = dict(facts("yaml", "", text).loads[0].options)
    double = options.get("bnb_4bit_use_double_quant")
    assert (getattr(options["quantization"], "value", None), double and double.value) == expected


def test_lora_fields_and_defaults():
    text = "model_name_or_path: a/b\nuse_peft: true\nlora_r: 8\noutput_dir: o\nmax_steps: 1\n"
    options = dict(facts("yaml", "", text).loads[0].options)
    fields = {name: options[f"lora.{name}"] for name in ("r", "lora_alpha", "use_dora")}
    assert fields == {"r": Known(8), "lora_alpha": Known(32), "use_dora": Known(False)}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("base_model: a/b # loralint: ignore[LOR101] pinned elsewhere\n", [(1, 1)]),
        ("# loralint: ignore[missing-revision]\n\n# why\nbase_model: a/b\n", [(1, 4)]),
        ("# loralint: ignore-file[LOR101]\nbase_model: a/b\n", [(1, 2)]),
        ("base_model: a/b # noqa: LOR101\n", [(1, 1)]),
        ('base_model: "a # loralint: ignore[LOR101]"\n', []),
        ("text: |\n  # loralint: ignore[LOR101]\nbase_model: a/b\n", []),
    ],
)
def test_suppressions(text, rows):
    found = facts("yaml", "", text).suppressions
    assert [(one.first_row, one.last_row) for one in found] == rows


def test_a_target_is_written_as_a_key_and_no_call():
    """Nothing of a call can be written anew there."""
    text = "_target_: transformers.AutoModel.from_pretrained\npretrained_model_name_or_path: a/b\n"
    (load,) = facts("yaml", "", text).loads
    assert (load.writing, load.takes_keywords) == (Writing.RECIPE, False)


def test_what_is_not_worth_parsing():
    recipe = b"base_model: a/b\nadapter: lora\nsequence_len: 512\n"
    assert may_be_recipe("configs/x.yml", recipe)
    assert not may_be_recipe("adapter_config.json", recipe)
    assert not may_be_recipe(".github/workflows/x.yml", recipe)
    assert not may_be_recipe("configs/x.yml", recipe + b"#" * LARGEST_RECIPE)
    assert not may_be_recipe("configs/x.yml", b"base_model: a/b\nmodel: gpt-4o\n")
