"""What is read is a regular file of a bearable size, and nobody is waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from loralint.cli.group import loralint
from loralint.reading import LARGEST, TooLarge, opened, read, read_whole


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("made", [pipe, device, folder])
@pytest.mark.parametrize("reader", [read, read_whole])
def test_what_is_no_file_is_not_read(tmp_path, made, reader):
    made(tmp_path / "a.py")
    with pytest.raises(OSError):
        reader(tmp_path / "a.py")


@pytest.mark.parametrize("made", [pipe, device, folder])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("accepted.json", ["check", "--baseline", "accepted.json"]),
        ("own.toml", ["check", "--config", "own.toml"]),
        ("loralint.toml", ["check"]),
        ("pyproject.toml", ["check"]),
        ("loralint.lock", ["lock", "--check"]),
        (".gitignore", ["check"]),
        ("train.py", ["check", "train.py"]),
        ("adapter_config.json", ["check"]),
        ("requirements.txt", ["check"]),
        (".env", ["check"]),
    ],
)
def test_no_command_waits_for_a_pipe_or_fills_the_memory(
    tmp_path, monkeypatch, made, name, arguments
):
    (tmp_path / "other.py").touch()
    made(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(loralint, arguments)
    assert result.exit_code in (0, 1, 2, 3)
    assert "bug in loralint" not in result.output


def test_file_that_grows_while_it_is_read_is_not_more_than_the_limit(tmp_path, monkeypatch):
    path = tmp_path / "a.py"
    path.write_bytes(b"a" * 10)
    real = os.fstat

    class Small:
        def __init__(self, status: os.stat_result) -> None:
            self.__dict__.update(st_mode=status.st_mode, st_size=3, st_mtime_ns=0, st_ctime_ns=0)

    monkeypatch.setattr(os, "fstat", lambda descriptor: Small(real(descriptor)))
    assert read_whole(path, 10) == b"a" * 10
    with pytest.raises(OSError, match="larger than"):
        read_whole(path, 9)


def test_limit(tmp_path):
    (tmp_path / "a.py").write_bytes(b"#" * (LARGEST + 1))
    assert isinstance(read(tmp_path / "a.py"), TooLarge)
    with pytest.raises(OSError, match="it is larger than 10 MB"):
        read_whole(tmp_path / "a.py")


def test_many_files_need_no_memory_map_each(tmp_path):
    """A buffer of the limit for each file was a memory map for each: 65,000 files were too many."""
    (tmp_path / "a.py").write_bytes(b"a = 1\n")
    with opened("/proc/self/maps") as maps:
        before = len(maps.read().splitlines())
    kept = [read(tmp_path / "a.py") for _ in range(3000)]
    with opened("/proc/self/maps") as maps:
        after = len(maps.read().splitlines())
    assert len(kept) == 3000
    assert after - before < 300
