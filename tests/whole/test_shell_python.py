"""Python in a heredoc: the shell puts its variables in, unless the end is quoted."""

from __future__ import annotations

import pytest

from tests.whole.running import Small, table

LOAD = (
    "from huggingface_hub import snapshot_download\n"
    'snapshot_download(repo_id="{}", local_dir="x")\n'
)


def _script(before: str, name: str, end: str = "EOF", quote: str = "") -> str:
    return f"#!/bin/bash\n{before}\npython3 - <<{quote}{end}{quote}\n{LOAD.format(name)}{end}\n"


KNOWN = {
    "in braces": _script('REPO="org/a"', "${REPO}"),
    "bare": _script("REPO=org/a", "$REPO"),
    "exported": _script("export REPO='org/a'  # which one", "$REPO"),
    "two": _script("OWNER=org\nNAME=a", "$OWNER/${NAME}"),
    "with another end": _script("REPO=org/a", "$REPO", end="PYEOF"),
}


@pytest.mark.parametrize("case", table(KNOWN))
def test_variables_that_are_set_once(small: Small, case: str) -> None:
    small.write({"run.sh": KNOWN[case]})
    assert small.ids() == ["org/a"]
    assert len(small.findings("LOR101")) == 1


UNKNOWN = {
    "set twice": _script("REPO=org/a\nREPO=org/b", "$REPO"),
    "not set": _script("OTHER=org/a", "$REPO"),
    "made by a command": _script("REPO=$(cat name)", "$REPO"),
    "quoted": _script("REPO=org/a", "$REPO", quote="'"),
}


@pytest.mark.parametrize("case", table(UNKNOWN))
def test_other_variables(small: Small, case: str) -> None:
    small.write({"run.sh": UNKNOWN[case]})
    assert small.findings("LOR101") == []
