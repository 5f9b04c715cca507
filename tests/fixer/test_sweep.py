"""Temporary files of killed writers: gone at the next write, but never those of living ones."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from loralint import writing

pytest.importorskip("fcntl", reason="the system has no locks")
HOUR = 3600


def made_a_minute_old(path: Path) -> None:
    past = time.time() - 60
    os.utime(path, (past, past))


def test_a_dead_writer_leaves_nothing(tmp_path: Path) -> None:
    left = tmp_path / ".a.py.0.tmp"
    left.touch()
    made_a_minute_old(left)
    writing.sweep([left], HOUR)
    assert not left.exists()


def test_a_living_writer_keeps_its_file(tmp_path: Path) -> None:
    with writing.writing(tmp_path / "a.py", ".tmp") as file:
        temporary = Path(file.name)
        file.write(b"new")
        file.flush()
        made_a_minute_old(temporary)
        writing.sweep([temporary], HOUR)
    assert (tmp_path / "a.py").read_bytes() == b"new"


def test_a_file_that_is_not_locked_yet_stays(tmp_path: Path) -> None:
    fresh = tmp_path / ".a.py.0.tmp"
    fresh.touch()
    writing.sweep([fresh], HOUR)
    assert fresh.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    link = tmp_path / ".a.py.0.tmp"
    link.symlink_to(os.devnull)
    os.utime(link, (0, time.time() - 60), follow_symlinks=False)
    writing.sweep([link], HOUR)
    assert link.is_symlink()


def test_a_pipe_is_not_waited_at(tmp_path: Path) -> None:
    pipe = tmp_path / ".a.py.0.tmp"
    os.mkfifo(pipe)
    made_a_minute_old(pipe)
    writing.sweep([pipe], HOUR)
    assert pipe.is_fifo()
