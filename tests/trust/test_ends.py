"""However a run ends: in its own words, and with nothing left running or half written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LOAD = """\
from transformers import AutoModelForCausalLM


def load_{n}():
    return AutoModelForCausalLM.from_pretrained("org/model-{n}")
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and /proc")


def project(folder: Path, files: int, loads: int) -> Path:
    for number in range(files):
        text = "".join(LOAD.format(n=n) for n in range(loads))
        (folder / f"train_{number}.py").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with some findings."""
    return project(tmp_path_factory.mktemp("small"), 2, 40)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that keeps workers busy for some seconds."""
    return project(tmp_path_factory.mktemp("large"), 60, 100)


def start(folder: Path, *words: str, **more: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "loralint", *words]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
    )


def children(parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(word) for word in listed.read_text().split()] if listed.exists() else []


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are listed in /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_their_parent(large, number):
    process = start(large, "check", "--no-cache", "--jobs", "2")
    end = time.monotonic() + 60
    workers: list[int] = []
    while len(workers) < 2 and time.monotonic() < end and process.poll() is None:
        workers = children(process.pid)
        time.sleep(0.02)
    assert len(workers) == 2
    process.send_signal(number)
    process.communicate(timeout=60)
    end = time.monotonic() + 20
    while any(map(alive, workers)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(map(alive, workers))
    assert not list(large.glob(".*tmp*"))


@pytest.mark.parametrize("wait", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_in_the_first_moments_shows_no_trace(small, number, wait):
    process = start(small, "check", "--no-cache")
    time.sleep(0.03 + wait)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    if "loralint" in said:  # else Python itself was not up yet
        assert "Traceback" not in said
    assert process.returncode != 0


def test_device_that_is_full(small):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "loralint", "check", "--no-cache"]
        done = subprocess.run(
            command, cwd=small, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "bug in loralint" not in done.stderr
    assert "Traceback" not in done.stderr


def test_output_that_is_closed(small):
    command = f"{sys.executable} -m loralint check --no-cache"
    for closed in (">&-", ">&- 2>&-"):
        done = subprocess.run(
            ["sh", "-c", f"{command} {closed}"],
            cwd=small,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (1, 2)
        assert "bug in loralint" not in done.stderr
        assert "Traceback" not in done.stderr


def test_reader_that_has_gone(small):
    command = f"{sys.executable} -m loralint check --no-cache | head -1"
    done = subprocess.run(
        ["sh", "-c", command], cwd=small, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("warning")
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["check", "check .", "pin", "lock", "inventory", "config"])
def test_working_directory_that_is_gone(tmp_path, command):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"rmdir '{gone}' && {sys.executable} -m loralint {command}"
    done = subprocess.run(
        ["sh", "-c", script], cwd=gone, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.returncode in (2, 3)
    assert "bug in loralint" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "settings",
    [
        "a = " + "[" * 3000 + "]" * 3000,
        "a." * 5000 + "b = 1",
        'hub-endpoint = "http://[::1"',
        "a = " + "{a=" * 3000 + "1" + "}" * 3000,
    ],
)
def test_settings_that_no_parser_takes(tmp_path, settings):
    (tmp_path / "a.py").write_text("from transformers import AutoModel\n", encoding="utf-8")
    (tmp_path / "loralint.toml").write_text(f"{settings}\n", encoding="utf-8")
    for words in (["check"], ["pin", "--online"]):
        process = start(tmp_path, *words)
        _, said = process.communicate(timeout=60)
        assert "bug in loralint" not in said
        assert "Traceback" not in said
        assert process.returncode in (0, 2)
