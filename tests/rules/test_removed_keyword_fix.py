"""The fix of LOR315, applied."""

from __future__ import annotations

from pathlib import Path

import pytest

from loralint.config import Config
from loralint.diagnostics import Edit, Fix
from loralint.engine import Request, gather
from loralint.rules.removed_quantization_keyword import removed_quantization_keyword

CALL = 'AutoModelForCausalLM.from_pretrained("a/b", load_in_4bit=True, device_map="auto")\n'
NEW = 'AutoModelForCausalLM.from_pretrained("a/b", quantization_config={}, device_map="auto")\n'
CONFIG = "BitsAndBytesConfig(load_in_4bit=True)"


def fix_of(folder: Path, text: str) -> Fix:
    (folder / "a.py").write_text(text, encoding="utf-8")
    request = Request(root=str(folder), scopes=(str(folder),), config=Config(), cached=False)
    (found,) = removed_quantization_keyword.run(gather(request).project)
    assert found.fix is not None
    return found.fix


def applied(text: str, edits: tuple[Edit, ...]) -> str:
    rows = text.splitlines(keepends=True)
    for edit in sorted(edits, key=lambda one: one.place.span, reverse=True):
        start, end = edit.place.span.start, edit.place.span.end
        assert start.row == end.row
        row = rows[start.row - 1]
        rows[start.row - 1] = row[: start.column - 1] + edit.content + row[end.column - 1 :]
    return "".join(rows)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f"from transformers import AutoModelForCausalLM\n\n{CALL}",
            "from transformers import BitsAndBytesConfig\n"
            f"from transformers import AutoModelForCausalLM\n\n{NEW.format(CONFIG)}",
        ),
        (
            f"from transformers import AutoModelForCausalLM, BitsAndBytesConfig as Bits\n{CALL}",
            "from transformers import AutoModelForCausalLM, BitsAndBytesConfig as Bits\n"
            + NEW.format("Bits(load_in_4bit=True)"),
        ),
        (
            f"import transformers as t\n\nt.{CALL}",
            f"import transformers as t\n\nt.{NEW.format(f't.{CONFIG}')}",
        ),
        (
            "try:\n    from transformers import (\n        AutoModelForCausalLM,\n    )\n"
            f"except ImportError:\n    raise\n{CALL}",
            "try:\n    from transformers import BitsAndBytesConfig\n"
            "    from transformers import (\n        AutoModelForCausalLM,\n    )\n"
            f"except ImportError:\n    raise\n{NEW.format(CONFIG)}",
        ),
    ],
    ids=["imported", "under another name", "the module", "indented"],
)
def test_keyword_becomes_a_configuration(tmp_path: Path, before: str, after: str) -> None:
    fix = fix_of(tmp_path, before)
    assert fix.applicability == "safe"
    assert applied(before, fix.edits) == after


@pytest.mark.parametrize(
    "arguments",
    [
        "load_in_4bit=True, bnb_4bit_quant_type='nf4'",
        "load_in_4bit=True, load_in_8bit=False",
        "load_in_8bit=False",
        "load_in_8bit=eight",
        "**{'load_in_4bit': True}",
        "load_in_4bit=True, quantization_config=None",
    ],
)
def test_anything_else_is_only_shown(tmp_path: Path, arguments: str) -> None:
    call = f"AutoModelForCausalLM.from_pretrained('a/b', {arguments})\n"
    fix = fix_of(tmp_path, f"from transformers import AutoModelForCausalLM\n\n{call}")
    assert (fix.applicability, fix.edits) == ("display", ())


def test_an_import_that_cannot_be_placed_is_only_shown(tmp_path: Path) -> None:
    fix = fix_of(tmp_path, f"from transformers.models.auto import AutoModelForCausalLM\n{CALL}")
    assert fix.applicability == "display"


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ("load_in_8bit=False", "leave `load_in_8bit=` out"),
        (
            "load_in_4bit=four, quantization_config=config",
            "leave `load_in_4bit=` out",
        ),
        (
            "load_in_8bit=eight",
            "pass quantization_config=BitsAndBytesConfig(load_in_8bit=True),"
            " and None where it is off",
        ),
        (
            "load_in_4bit=four, load_in_8bit=eight",
            "pass quantization_config=BitsAndBytesConfig(load_in_4bit=True or load_in_8bit=True),"
            " and None where it is off",
        ),
        (
            "load_in_4bit=True, load_in_8bit=False",
            "pass quantization_config=BitsAndBytesConfig(load_in_4bit=True)",
        ),
    ],
)
def test_what_is_advised(tmp_path: Path, arguments: str, advice: str) -> None:
    call = f"AutoModelForCausalLM.from_pretrained('a/b', {arguments})"
    imports = "from transformers import AutoModelForCausalLM\n\n"
    text = f"{imports}def f(four, eight, config):\n    {call}\n"
    assert fix_of(tmp_path, text).message == advice
