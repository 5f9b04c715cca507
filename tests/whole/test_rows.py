"""Loops over tables that are written down: each row is what is loaded for it."""

from __future__ import annotations

import pytest

from tests.whole.running import Small, table

HEAD = "from transformers import AutoModel\n\n"
LOOPS = {
    "pairs": (
        'for name, rev in [("org/a", "v1"), ("org/b", "main")]:\n'
        "    AutoModel.from_pretrained(name, revision=rev)\n"
    ),
    "a constant of pairs, in a function": (
        'ROWS = (("org/a", "v1"), ("org/b", "main"))\n\n\ndef main():\n'
        "    for name, rev in ROWS:\n        AutoModel.from_pretrained(name, revision=rev)\n"
    ),
    "the items of a mapping": (
        'ROWS = {"org/a": "v1", "org/b": "main"}\nfor name, rev in ROWS.items():\n'
        "    AutoModel.from_pretrained(name, revision=rev)\n"
    ),
    "the keys of a mapping": (
        'ROWS = {"org/a": "v1", "org/b": "main"}\nfor name in ROWS:\n'
        "    AutoModel.from_pretrained(name, revision=ROWS[name])\n"
    ),
    "names beside a mapping": (
        'NAMES = ["org/a", "org/b"]\nREVS = {"org/a": "v1", "org/b": "main"}\n'
        "for name in NAMES:\n    AutoModel.from_pretrained(name, revision=REVS[name])\n"
    ),
    "dicts": (
        'ROWS = [{"id": "org/a", "rev": "v1"}, {"id": "org/b", "rev": "main"}]\n\n\n'
        "def main():\n    for row in ROWS:\n"
        '        AutoModel.from_pretrained(row["id"], revision=row["rev"])\n'
    ),
    "a dict of dicts": (
        'ROWS = {"a": {"id": "org/a", "rev": "v1"}, "b": {"id": "org/b", "rev": "main"}}\n'
        "for key, row in ROWS.items():\n"
        '    AutoModel.from_pretrained(row["id"], revision=row["rev"])\n'
    ),
    "zip": (
        'for name, rev in zip(["org/a", "org/b"], ["v1", "main"]):\n'
        "    AutoModel.from_pretrained(name, revision=rev)\n"
    ),
    "zip of constants, in a function": (
        'NAMES = ["org/a", "org/b"]\nREVS = ["v1", "main"]\n\n\ndef main():\n'
        "    for name, rev in zip(NAMES, REVS, strict=True):\n"
        "        AutoModel.from_pretrained(name, revision=rev)\n"
    ),
    "enumerate of a constant, in a function": (
        'ROWS = (("org/a", "v1"), ("org/b", "main"))\n\n\ndef main():\n'
        "    for number, (name, rev) in enumerate(ROWS):\n"
        "        AutoModel.from_pretrained(name, revision=rev)\n"
    ),
    "a comprehension": (
        "models = [AutoModel.from_pretrained(name, revision=rev) for name, rev in\n"
        '          [("org/a", "v1"), ("org/b", "main")]]\n'
    ),
    "a function that is called in the loop": (
        "def load(name, rev):\n    return AutoModel.from_pretrained(name, revision=rev)\n\n\n"
        'for name, rev in [("org/a", "v1"), ("org/b", "main")]:\n    load(name, rev)\n'
    ),
    "a table of another file": (
        "from tables import ROWS\n\nfor name, rev in ROWS:\n"
        "    AutoModel.from_pretrained(name, revision=rev)\n"
    ),
}


@pytest.mark.parametrize("case", table(LOOPS))
def test_only_the_row_that_lacks_a_pin_is_found(small: Small, case: str) -> None:
    small.write({"main.py": HEAD + LOOPS[case]})
    small.write({"tables.py": 'ROWS = [("org/a", "v1"), ("org/b", "main")]\n'})
    (found,) = small.findings("LOR101", "LOR102")
    assert found["code"] == "LOR102"
    assert "`org/b`" in found["message"]
    assert "`org/a`" not in found["message"]
    (pinned,) = small.findings("LOR103")
    assert "`org/a`" in pinned["message"]


FOLDERS = {
    "a folder": 'for name in ["org/a", "./out"]:\n    AutoModel.from_pretrained(name)\n',
    "a row with a folder": (
        'for name, size in [("org/a", 1), ("./out", 2)]:\n    AutoModel.from_pretrained(name)\n'
    ),
}


@pytest.mark.parametrize("case", table(FOLDERS))
def test_a_folder_hides_only_its_own_row(small: Small, case: str) -> None:
    small.write({"main.py": HEAD + FOLDERS[case]})
    (found,) = small.findings("LOR101")
    assert "`org/a`" in found["message"]
    assert "out" not in found["message"]


def test_rows_that_are_alike_are_found_once(small: Small) -> None:
    small.write({"main.py": f'{HEAD}for name in ["org/a", "org/b"]:\n'})
    small.write(
        {"main.py": f'{HEAD}for n in ["org/a", "org/b"]:\n    AutoModel.from_pretrained(n)\n'}
    )
    (found,) = small.findings("LOR101")
    assert "`org/a`" in found["message"]
    assert "`org/b`" in found["message"]


def test_a_flag_of_one_row(small: Small) -> None:
    rows = '[("org/a", False), ("org/b", True)]'
    load = "AutoModel.from_pretrained(n, trust_remote_code=code)"
    small.write({"main.py": f"{HEAD}for n, code in {rows}:\n    {load}\n"})
    (found,) = small.findings("LOR105")
    assert "`org/b`" in found["message"]
    assert "`org/a`" not in found["message"]
