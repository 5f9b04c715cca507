"""What is concluded from two places that belong together, and what is not."""

from __future__ import annotations

import pytest

from tests.whole.running import Small

COMMIT = "7d1c0be4a2f94f0b8a3e5c6617d2930fe4b8a15c"

# --- one mistake, one finding ---------------------------------------------------------------------

PARTIAL = {
    "an id": f"""\
from transformers import AutoModel

AutoModel.from_pretrained("org/m"){{comment}}
AutoModel.from_pretrained("org/m", revision="{COMMIT}")
""",
    "a tokenizer": f"""\
from transformers import AutoModel, AutoTokenizer

AutoTokenizer.from_pretrained("org/m"){{comment}}
AutoModel.from_pretrained("org/m", revision="{COMMIT}")
""",
}


@pytest.mark.parametrize("case", PARTIAL)
def test_a_partial_pin_stands_in_place_of_a_missing_revision(small: Small, case: str) -> None:
    small.write({"load.py": PARTIAL[case].format(comment="")})
    assert small.found("LOR101", "LOR211") == [("LOR211", "load.py", 3)]


@pytest.mark.parametrize("name", ["LOR211", "partial-pin"])
def test_a_comment_for_it_hides_both(small: Small, name: str) -> None:
    small.write({"load.py": PARTIAL["an id"].format(comment=f"  # loralint: ignore[{name}]")})
    assert small.found("LOR101", "LOR211", "LOR002") == []


def test_alone_a_missing_revision_is_reported(small: Small) -> None:
    small.write({"load.py": PARTIAL["an id"].format(comment="")})
    found = small.asked("check", "--ignore", "LOR211")
    assert [one["code"] for one in found] == ["LOR101"]
