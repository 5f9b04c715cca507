"""Places in messages: named as the user would, and nothing else in them touched."""

from __future__ import annotations

import pytest

from loralint.report.places import renamed

FILES = ("a.py", "sub/train.py", "my dir/b (1).py", "nb.ipynb")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("as sub/train.py:4 does", "as X/sub/train.py:4 does"),
        ("(sub/train.py:4)", "(X/sub/train.py:4)"),
        ("(my dir/b (1).py:12 and 2 more)", "(X/my dir/b (1).py:12 and 2 more)"),
        ("in nb.ipynb:cell 3:1, a.py:2", "in X/nb.ipynb:cell 3:1, X/a.py:2"),
        ("`org/model:7` at 12:30, b.py:1", "`org/model:7` at 12:30, b.py:1"),
        ("other/a.py:3", "other/a.py:3"),
        ("a.py alone", "a.py alone"),
    ],
)
def test_files_with_rows_are_named_anew(text: str, shown: str) -> None:
    assert renamed(text, lambda path: f"X/{path}", FILES.__contains__) == shown
