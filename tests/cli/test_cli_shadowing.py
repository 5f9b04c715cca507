"""`python -m loralint` in a folder whose files are called like modules of Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import loralint

SHADOWS = ("inspect", "queue", "yaml", "random", "click", "json", "string")


def test_nothing_of_the_folder_is_imported(tmp_path: Path) -> None:
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text(
            "from transformers import AutoModel\n"
            'AutoModel.from_pretrained("acme/base")\n'
            "raise SystemExit('this file has run')\n"
        )
    source = str(Path(loralint.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "loralint", "check", "--isolated", "--no-cache", "."],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "this file has run" not in done.stderr
    assert done.returncode == 1 and f"Found {len(SHADOWS)} warnings" in done.stdout
