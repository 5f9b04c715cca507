"""`pin` and `lock`, killed a hundred times each."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.hub.cache import FakeCache
from tests.kill.harness import kill_often, loralint

A, B = "a" * 40, "b" * 40
FILES = 8
LOAD = """\
from transformers import AutoModel, AutoTokenizer

# {padding}
model = AutoModel.from_pretrained("org/model-{number}")
tokenizer = AutoTokenizer.from_pretrained("org/model-{number}", revision="main")
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    cache = FakeCache(tmp_path / "cache")
    for number in range(FILES):
        text = LOAD.format(number=number, padding="x" * 2000)
        (root / f"m{number}.py").write_text(text, encoding="utf-8")
        cache.add(f"org/model-{number}", A, "main")
    monkeypatch.setenv("HF_HUB_CACHE", str(cache.folder))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795478400")
    return root


def test_pin(project: Path) -> None:
    files = [f"m{number}.py" for number in range(FILES)]
    killed = kill_often(project, loralint("pin", "--no-cache"), files)
    assert (killed.torn, killed.broken) == ([], [])
    assert killed.states["mixed"] >= 10, killed.states  # it was hit where it hurts
    assert killed.litter and not killed.kept
    assert all(path.name.startswith(".") for path in killed.litter)


def test_lock(project: Path) -> None:
    killed = kill_often(project, loralint("lock", "--no-cache"), ["loralint.lock"])
    assert (killed.torn, killed.broken) == ([], [])
    assert killed.states["untouched"] >= 1 and killed.states["finished"] >= 1, killed.states


def test_a_lock_that_is_there_already(project: Path, tmp_path: Path) -> None:
    old = f'version = 1\n\n[[artifact]]\nid = "org/model-0"\ncommit = "{B}"\nref = "main"\n'
    (project / "loralint.lock").write_text(old, encoding="utf-8")
    run = loralint("lock", "--no-cache", "--upgrade")
    killed = kill_often(project, run, ["loralint.lock"], times=30)
    assert (killed.torn, killed.broken) == ([], [])


def test_a_careless_writer_is_caught(project: Path) -> None:
    """The harness itself: writing in place leaves half a file."""

    def run() -> None:
        with (project / "m0.py").open("w", encoding="utf-8") as file:
            for _ in range(200):
                file.write("x" * 50)
                file.flush()
                time.sleep(0.001)

    assert kill_often(project, run, ["m0.py"], times=20).torn
