"""docs/verification.md prints the matrix that the tests run."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.models


def test_the_page_prints_the_matrix_of_the_tests():
    from tests.verify.matrix_table import BEGIN, END, PAGE, tables

    _, found, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    assert found and rest.partition(END)[0] == tables(), "run python -m tests.verify.matrix_table"


def test_the_page_has_the_page_of_every_code():
    from tests.verify.matrix_table import CODES_BEGIN, CODES_END, PAGE, codes

    _, found, rest = PAGE.read_text(encoding="utf-8").partition(CODES_BEGIN)
    assert found and rest.partition(CODES_END)[0] == codes(), (
        "run python -m tests.verify.matrix_table"
    )
