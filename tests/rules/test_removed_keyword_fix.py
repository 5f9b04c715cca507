"""The fix of LOR315, applied."""

from __future__ import annotations

from pathlib import Path

import pytest

from loralint.config import Config
from loralint.diagnostics import Edit, Fix
from loralint.engine import Request, gather
from loralint.engine.confirming import Confirming
from loralint.fix.rows import Rows
from loralint.rules.removed_quantization_keyword import removed_quantization_keyword

CALL = 'AutoModelForCausalLM.from_pretrained("a/b", load_in_4bit=True, device_map="auto")\n'
NEW = 'AutoModelForCausalLM.from_pretrained("a/b", quantization_config={}, device_map="auto")\n'
CONFIG = "BitsAndBytesConfig(load_in_4bit=True)"


def fix_of(folder: Path, text: str) -> Fix:
    (folder / "a.py").write_text(text, encoding="utf-8")
    request = Request(root=str(folder), scopes=(str(folder),), config=Config(), cached=False)
    gathered = gather(request)
    (found,) = removed_quantization_keyword.run(gathered.project)
    assert found.fix is not None
    return Confirming(gathered).fixes([found.fix])[0]


def applied(text: str, edits: tuple[Edit, ...]) -> str:
    return Rows(text).edited(edits)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f"from transformers import AutoModelForCausalLM\n\n{CALL}",
            "from transformers import AutoModelForCausalLM, BitsAndBytesConfig\n\n"
            + NEW.format(CONFIG),
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
            "try:\n    from transformers import (\n        AutoModelForCausalLM,\n"
            "        BitsAndBytesConfig,\n    )\n"
            f"except ImportError:\n    raise\n{NEW.format(CONFIG)}",
        ),
    ],
    ids=["imported", "under another name", "the module", "indented"],
)
def test_keyword_becomes_a_configuration(tmp_path: Path, before: str, after: str) -> None:
    fix = fix_of(tmp_path, before)
    assert fix.applicability == "safe"
    assert applied(before, fix.edits) == after


ROWS = """AutoModelForCausalLM.from_pretrained(
    "a/b",
    {}
)
"""
IMPORTS = "from transformers import AutoModelForCausalLM, BitsAndBytesConfig\n\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "load_in_4bit=True, bnb_4bit_quant_type='nf4', device_map='auto'",
            "quantization_config=BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type='nf4'),"
            " device_map='auto'",
        ),
        (
            "bnb_4bit_compute_dtype=dtypes[0], device_map={'': 0}, load_in_4bit = True",
            "device_map={'': 0}, quantization_config=BitsAndBytesConfig(load_in_4bit=True,"
            " bnb_4bit_compute_dtype=dtypes[0])",
        ),
        (
            "llm_int8_threshold=6.0, load_in_8bit=True,",
            "quantization_config=BitsAndBytesConfig(load_in_8bit=True, llm_int8_threshold=6.0),",
        ),
        ("load_in_4bit=True, load_in_8bit=False", f"quantization_config={CONFIG}"),
        ("load_in_8bit=False, device_map='auto'", "device_map='auto'"),
        ("load_in_8bit=False, load_in_4bit=None", None),
        ("quantization_config=config, load_in_4bit=False", "quantization_config=config"),
        (
            "load_in_4bit=args.four",
            f"quantization_config={CONFIG} if args.four else None",
        ),
        (
            "load_in_4bit=bits() == 4 and not full, bnb_4bit_quant_type=kind",
            "quantization_config=BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type=kind)"
            " if (bits() == 4 and not full) else None",
        ),
        (
            "load_in_8bit=args.eight, load_in_4bit=four",
            "quantization_config=BitsAndBytesConfig(load_in_4bit=four, load_in_8bit=args.eight)"
            " if four or args.eight else None",
        ),
        (
            "load_in_4bit=args.bits == 4, load_in_8bit=args.bits == 8",
            "quantization_config=BitsAndBytesConfig(load_in_4bit=args.bits == 4,"
            " load_in_8bit=args.bits == 8) if (args.bits == 4) or (args.bits == 8) else None",
        ),
        (
            "load_in_8bit=args.eight, load_in_4bit=True",
            "quantization_config=BitsAndBytesConfig(load_in_4bit=True, load_in_8bit=args.eight)",
        ),
    ],
)
def test_in_one_row(tmp_path: Path, before: str, after: str | None) -> None:
    call = "AutoModelForCausalLM.from_pretrained('a/b'{})\n"
    text = f"{IMPORTS}def f(args, four, full, bits, dtypes, kind, config):\n    {call}"
    fix = fix_of(tmp_path, text.format(f", {before}"))
    assert fix.applicability == "safe"
    mended = applied(text.format(f", {before}"), fix.edits)
    assert mended == text.format(f", {after}" if after else "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            """load_in_4bit=True,  # fits
    bnb_4bit_quant_type=k,
    device_map="auto",""",
            f"""quantization_config={CONFIG[:-1]}, bnb_4bit_quant_type=k),  # fits
    device_map="auto",""",
        ),
        (
            """load_in_4bit=four_bits,
    bnb_4bit_quant_type="nf4",
    device_map="auto",  # on the GPU
    llm_int8_skip_modules=[
        "lm_head",  # stays
    ],
    bnb_4bit_use_double_quant=True""",
            """quantization_config=BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        llm_int8_skip_modules=[
        "lm_head",  # stays
    ],
        bnb_4bit_use_double_quant=True,
    ) if four_bits else None,
    device_map="auto",  # on the GPU""",
        ),
        (
            """device_map="auto",  # on the GPU
    load_in_8bit=False,
    torch_dtype="auto",""",
            """device_map="auto",  # on the GPU
    torch_dtype="auto",""",
        ),
    ],
)
def test_in_rows(tmp_path: Path, before: str, after: str) -> None:
    text = f"{IMPORTS}{ROWS}"
    fix = fix_of(tmp_path, text.format(before))
    assert fix.applicability == "safe"
    mended = applied(text.format(before), fix.edits)
    assert mended == text.format(after)
    compile(mended, "a.py", "exec")


@pytest.mark.parametrize(
    "arguments",
    [
        "load_in_4bit=True, load_in_8bit=True",
        "load_in_4bit=four(), load_in_8bit=eight()",
        "load_in_4bit=False, bnb_4bit_quant_type='nf4'",
        "load_in_4bit=True, bnb_4bit_new='x'",
        "load_in_4bit=True, **{'bnb_4bit_quant_type': 'nf4'}",
        "**{'load_in_4bit': True}",
        "load_in_4bit=True, quantization_config=None",
        "load_in_4bit=four, quantization_config=config",
        "load_in_4bit=True,  # four\n    bnb_4bit_quant_type='nf4',  # of which kind\n",
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
