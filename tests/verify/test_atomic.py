"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

WRITER = """
import sys
from pathlib import Path
from loralint.verify.atomic import replace
print("ready", flush=True)
while True:
    for letter in (b"a", b"b"):
        replace(Path(sys.argv[1]), letter * 3_000_000)
"""


def test_kill_leaves_a_whole_contract(tmp_path):
    """A hundred kills of the writer that `record` uses, at moments spread over a write."""
    path = tmp_path / "loralint.json"
    seen = set()
    for number in range(100):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(number * 0.0004)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if path.exists():
            content = path.read_bytes()
            seen.add(content[:1])
            assert content in (b"a" * 3_000_000, b"b" * 3_000_000), number
    assert seen == {b"a", b"b"}
    assert list(tmp_path.glob(".loralint.json.*.tmp")), (
        "no kill hit a write: the test shows nothing"
    )


def test_what_killed_writers_left_is_swept(tmp_path):
    from loralint.verify.atomic import ABANDONED, replace

    old, young = (tmp_path / f".loralint.json.{name}.tmp" for name in ("old", "young"))
    for path in (old, young):
        path.touch()
    past = time.time() - ABANDONED - 5
    os.utime(old, (past, past))
    replace(tmp_path / "loralint.json", b"{}")
    assert sorted(path.name for path in tmp_path.iterdir()) == [young.name, "loralint.json"]


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from loralint.verify.atomic import replace
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    replace(Path(sys.argv[1]), b"n" * 100_000)
except OSError as error:
    print(type(error).__name__)
"""


def test_full_disk_leaves_the_old_contract(tmp_path):
    path = tmp_path / "loralint.json"
    path.write_bytes(b"old")
    command = [sys.executable, "-c", FULL_DISK, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "OSError"
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["loralint.json"]
