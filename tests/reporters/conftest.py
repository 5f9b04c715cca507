"""One report with a finding of every kind, one with hostile text, and snapshots on disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from loralint.diagnostics import Diagnostic, Edit, Fix, Related, Skipped
from loralint.report.base import Report, RuleDoc
from loralint.source import Place, Span

HERE = Path(__file__).parent

FILES = {
    ("serve.py", None): """\
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", torch_dtype=torch.float16)
model = PeftModel.from_pretrained(base, "out/phi-2-lora")


def tokenizer():
    return AutoTokenizer.from_pretrained("microsoft/phi-2")


config = AutoConfig.from_pretrained(
    "microsoft/phi-2",
)
""",
    ("train.py", None): """\
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

model = AutoModelForCausalLM.from_pretrained(
    "microsoft/phi-2",
    revision="refs/pr/23",
    quantization_config=BitsAndBytesConfig(load_in_4bit=True),
    device_map="auto",
    torch_dtype="auto",
    attn_implementation="sdpa",
    low_cpu_mem_usage=True,
    token=None,
)
""",
    ("nb.ipynb", 3): """\
# 読み込み
\tmodel = ("模型", AutoModel.from_pretrained("gpt2"))  # 模型
""",
    ("configs/Übung.yaml", None): """\
base_model: mistralai/Mistral-7B-v0.1
adapter: lora
""",
}


def place(path: str, *span: int, cell: int | None = None) -> Place:
    return Place(path, Span.of(*span), cell)


def lines(path: str, cell: int | None) -> list[str]:
    return FILES[path, cell].splitlines()


MISMATCH = Diagnostic(
    code="LOR201",
    name="revision-mismatch",
    severity="error",
    message="`microsoft/phi-2` is loaded at no revision, its adapter was trained at `refs/pr/23`",
    place=place("serve.py", 5, 8, 5, 90),
    related=(Related("trained here, at `refs/pr/23`", place("train.py", 3, 9, 12, 2)),),
    fix=Fix(
        "safe",
        'pass revision="refs/pr/23"',
        (Edit(place("serve.py", 5, 62, 5, 62), ', revision="refs/pr/23"'),),
    ),
    subject="microsoft/phi-2",
    call='AutoModelForCausalLM.from_pretrained("microsoft/phi-2", torch_dtype=torch.float16)',
)
UNPINNED = Diagnostic(
    code="LOR101",
    name="missing-revision",
    severity="warning",
    message="`microsoft/phi-2` is loaded with no revision",
    place=place("serve.py", 5, 8, 5, 90),
    fix=Fix("display", "run `loralint pin`"),
    subject="microsoft/phi-2",
    call="AutoModelForCausalLM.from_pretrained(…)",
)


def _sample() -> tuple[Diagnostic, ...]:

    like = replace
    return (
        like(
            UNPINNED,
            message="`mistralai/Mistral-7B-v0.1` is loaded with no revision",
            place=place("configs/Übung.yaml", 1, 1, 1, 11),
            subject="mistralai/Mistral-7B-v0.1",
            fix=Fix(
                "unsafe",
                "write the revision under it",
                (Edit(place("configs/Übung.yaml", 2, 1, 2, 1), "revision_of_model: main\n"),),
            ),
        ),
        like(
            UNPINNED,
            severity="info",
            message="`gpt2` is loaded with no revision",
            place=place("nb.ipynb", 2, 17, 2, 49, cell=3),
            subject="gpt2",
            fix=Fix(
                "safe",
                "pass a revision",
                (Edit(place("nb.ipynb", 2, 48, 2, 48, cell=3), ', revision="x"'),),
            ),
        ),
        UNPINNED,
        MISMATCH,
        like(UNPINNED, place=place("serve.py", 10, 12, 10, 60)),
        like(UNPINNED, place=place("serve.py", 13, 10, 15, 2)),
    )


RULES = (
    RuleDoc(
        "LOR101",
        "missing-revision",
        "warning",
        "A Hub model loaded with no revision",
        "## Why is this bad?\n\nThe next push changes what you load.",
        "https://loralint.example/rules/missing-revision",
    ),
    RuleDoc("LOR103", "mutable-revision", "off", "A branch where a commit would do"),
    RuleDoc(
        "LOR201",
        "revision-mismatch",
        "error",
        "A pair loads one base at two revisions",
        url="https://loralint.example/rules/revision-mismatch",
    ),
)


@pytest.fixture
def sample() -> Report:
    """Errors, warnings, a notebook, a YAML file, a pair, like findings, every kind of fix."""
    skipped = (
        Skipped(place("serve.py", 6, 9, 6, 60), "revision", "the adapter is a local folder"),
        Skipped(place("nb.ipynb", 1, 1, 1, 9, cell=3), "repo id", "comes from `args.model`"),
    )
    return Report(
        diagnostics=_sample(),
        skipped=skipped,
        suppressed=2,
        files=120,
        seconds=0.314,
        sources=lines,
        rules=lambda: RULES,
    )


HOSTILE = "\x1b[31m\x07\r\n\u202e\u2028\udcff\x9b<img src=x>`@team` ]]>\x00\ufffe%0A::error::,:|"


@pytest.fixture
def hostile(sample: Report) -> Report:
    """A report whose every text comes from somebody who wishes us ill."""
    path = f"{HOSTILE}.py"
    spot = place(path, 1, 3, 1, 9)
    found = Diagnostic(
        code="LOR201",
        name="revision-mismatch",
        severity="error",
        message=HOSTILE,
        place=spot,
        related=(Related(HOSTILE, spot),),
        fix=Fix("safe", HOSTILE, (Edit(spot, HOSTILE),)),
        subject=HOSTILE,
    )
    skipped = (Skipped(spot, HOSTILE, HOSTILE),)
    return replace(
        sample, diagnostics=(found,), skipped=skipped, verbose=1, sources=lambda _p, _c: [HOSTILE]
    )


@pytest.fixture
def snapshot() -> Callable[[str, str], None]:
    """Compare a text with a file; UPDATE_SNAPSHOTS=1 writes it, to be read before a commit."""

    def check(name: str, text: str) -> None:
        file = HERE / "snapshots" / name
        if os.environ.get("UPDATE_SNAPSHOTS"):
            file.write_text(text, encoding="utf-8", newline="\n")
        assert text == file.read_text(encoding="utf-8")

    return check
