"""Where an id is one thing or another: the Hub ids that are written down are loaded at no revision.

Whatever the other branch names, a folder or something unknown, it is no pin for this one.
"""

from __future__ import annotations

import pytest

from tests.whole.running import Small, table

HEAD = "import os\nimport sys\n\nfrom transformers import AutoModel, AutoTokenizer\n\n"
REST = "AutoModel.from_pretrained(name)\nAutoTokenizer.from_pretrained(name, use_fast=True)\n"

BRANCHES = {
    "a text that is cut": (
        'name = sys.argv[1].replace("x/", "")\nif "seven" in name:\n    name = "org/seven-b"\n'
    ),
    "a folder where there is one": (
        'name = "org/seven-b"\nif os.path.isdir(sys.argv[1]):\n    name = sys.argv[1]\n'
    ),
    "a folder that is written down": (
        'name = "./local/model" if os.path.exists("./local/model") else "org/seven-b"\n'
    ),
    "what another call returns": (
        'import registry\n\nname = registry.find("seven") if registry.ready else "org/seven-b"\n'
    ),
}


@pytest.mark.parametrize("case", table(BRANCHES))
def test_the_id_of_one_branch(small: Small, case: str) -> None:
    small.write({"train.py": HEAD + BRANCHES[case] + REST})
    found = small.findings("LOR101")
    assert [one["location"]["row"] for one in found] == _rows(HEAD + BRANCHES[case] + REST)
    assert all("`org/seven-b`" in one["message"] for one in found)


def test_a_parameter_that_may_be_left_out(small: Small) -> None:
    code = (
        "class Trainer:\n    def load(self, path: str | None = None):\n"
        '        if path is None:\n            path = "org/seven-b"\n'
        "        return AutoModel.from_pretrained(path)\n"
    )
    small.write({"train.py": HEAD + code})
    (found,) = small.findings("LOR101")
    assert "`org/seven-b`" in found["message"]


SILENT = {
    "a pin on every branch": (
        'name = sys.argv[1] if sys.argv[1:] else "org/seven-b"\n'
        'AutoModel.from_pretrained(name, revision="v1")\n'
    ),
    "the cache only": (
        'name = sys.argv[1] if sys.argv[1:] else "org/seven-b"\n'
        "AutoModel.from_pretrained(name, local_files_only=True)\n"
    ),
    "folders on every branch": (
        'name = sys.argv[1] if sys.argv[1:] else "./out/seven"\nAutoModel.from_pretrained(name)\n'
    ),
    "a placeholder": (
        'name = sys.argv[1] if sys.argv[1:] else "your-org/model"\n'
        "AutoModel.from_pretrained(name)\n"
    ),
}


@pytest.mark.parametrize("case", table(SILENT))
def test_no_branch_without_a_pin(small: Small, case: str) -> None:
    small.write({"train.py": HEAD + SILENT[case]})
    assert small.findings("LOR101", "LOR102") == []


def _rows(text: str) -> list[int]:
    return [row for row, line in enumerate(text.splitlines(), 1) if "from_pretrained" in line]
