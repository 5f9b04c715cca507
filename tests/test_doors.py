"""The check that nothing but the doors opens a file, on modules that do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "tools"))
from doors import main


@pytest.mark.parametrize(
    "row",
    [
        "open(name)",
        "path.read_text()",
        "Path(name).write_bytes(b'')",
        "with path.open() as file: pass",
        "os.open(name, os.O_RDONLY)",
        "shutil.copy(one, two)",
        "tempfile.NamedTemporaryFile()",
    ],
)
def test_a_planted_opening_is_found(tmp_path, capsys, row):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "planted.py").write_text(f"def f():\n    {row}\n", encoding="utf-8")
    assert main(tmp_path) == 1
    assert "planted.py:2" in capsys.readouterr().out


def test_the_doors_themselves_may(tmp_path):
    for name in ("reading.py", "writing.py"):
        (tmp_path / name).write_text("open(name)\n", encoding="utf-8")
    (tmp_path / "other.py").write_text("read(name)\ntext.replace('a', 'b')\n", encoding="utf-8")
    assert main(tmp_path) == 0


def test_a_door_elsewhere_is_none(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "reading.py").write_text("open(name)\n", encoding="utf-8")
    assert main(tmp_path) == 1
