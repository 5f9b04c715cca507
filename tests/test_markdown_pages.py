"""What the notation of the pages of tests means, where a page that misuses it would pass."""

from __future__ import annotations

import pytest

from tests.markdown_pages import Case, cases

PAGE = """\
## One of each

```python a.py
import x
first(second())  #! error 1 "one" #~
^^^^^^^^^^^^^^^ safe fix: write it
      ^^^^^^^^
#> import y
#> third()
load(  #! warning
^^^^^...
    "a/b",  #~
)
^
gone()
#>
```

```json b.json
{  #!
|
}
```
"""


@pytest.fixture
def case() -> Case:
    [found] = cases(PAGE)
    return found


def test_marks(case):
    found = [
        (mark.path, mark.row, mark.related, mark.severity, mark.column, mark.end, mark.text)
        for mark in case.marks()
    ]
    assert found == [
        ("a.py", 2, False, "error", 1, (2, 16), "one"),
        ("a.py", 2, True, None, 7, (2, 15), ""),
        ("a.py", 3, False, "warning", 1, (5, 2), ""),
        ("a.py", 4, True, None, None, None, ""),
        ("b.json", 1, False, None, 1, (1, 1), ""),
    ]
    assert [(mark.safety, mark.advice) for mark in case.marks()][:2] == [
        ("safe", "write it"),
        (None, ""),
    ]


def test_files_have_no_marks(case, tmp_path):
    case.write(tmp_path)
    code = 'import x\nfirst(second())\nload(\n    "a/b",\n)\ngone()\n'
    assert (tmp_path / "a.py").read_text() == code
    assert (tmp_path / "b.json").read_text() == "{\n}\n"


def test_rows_that_fixes_leave(case):
    code = 'import x\nimport y\nthird()\nload(\n    "a/b",\n)\n'
    assert case.fixed() == {("a.py", None): code, ("b.json", None): "{\n}\n"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("load()\n^^^^^^", "beneath no mark"),
        ("load()  #!\n^^^^^^\n^^^^^^", "beneath no mark"),
        ("load(  #!\n^^^^^...\n)", "no end"),
    ],
)
def test_what_would_assert_nothing_is_an_error(body, message):
    with pytest.raises(ValueError, match=message):
        list(Case("", 1, [("a.py", body)]).marks())
