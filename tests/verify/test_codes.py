"""The codes of verification: a visible table, each with a page."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from loralint.rules import RULES
from loralint.verify.codes import CODES, LOR501, MOST_RELATED, Page, finding


def test_codes_are_those_of_the_contract():
    assert [code.code for code in CODES] == [f"LOR{number}" for number in range(501, 518)]
    assert [code.code for code in CODES if code.severity != "error"] == ["LOR517"]
    assert not {code.name for code in CODES} & {rule.name for rule in RULES}


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_every_code_has_a_page(code: Page):
    assert re.findall(r"^## (.*)$", code.doc, re.MULTILINE) == ["What it means", "What to do"]
    assert code.summary.endswith(".")


def test_a_finding_lists_tensors_up_to_a_bound():
    found = finding(LOR501, "gone", "a/b", details=[f"t{n}" for n in range(MOST_RELATED + 7)])
    assert found.name == "missing-adapter-keys"
    assert len(found.related) == MOST_RELATED + 1
    assert found.related[-1].message == "and 7 more"


def test_the_vocabulary_loads_no_model_library():
    program = (
        "import sys, loralint.verify.result, loralint.verify.codes, loralint.verify.case;"
        "print([one for one in ('torch', 'transformers', 'peft', 'libcst') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
