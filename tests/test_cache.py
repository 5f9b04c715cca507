"""The cache: what it keeps, and when it does not believe itself."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loralint.cache import FILE, FOLDER, KEPT_RESULTS, Cache, Entry, Manifest
from loralint.cache.container import Container
from loralint.discovery import walk
from loralint.stamps import GRAIN, NEVER, digest, stamp_of, trusted

LATER = 10 * GRAIN
"""As if the run had begun long after the files were written."""


def manifest(root: Path) -> Manifest:
    tree = walk(str(root), [str(root)])
    files = {
        path: (stamp_of((root / path).stat()), digest((root / path).read_bytes()))
        for path in tree.files
    }
    return Manifest(tree.folders, files)


def store(root: Path, key: str = "k", result: bytes = b"\x01", now: int | None = None) -> None:
    began = time.time_ns() + LATER if now is None else now
    Cache(str(root), "v").store(key, result, manifest(root), {}, began)


def recall(root: Path, key: str = "k", version: str = "v") -> bytes | None:
    return Cache(str(root), version).recall(key)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.py").write_text("a = 1\n", encoding="utf-8")
    (tmp_path / "sub" / "b.py").write_text("b = 1\n", encoding="utf-8")
    (tmp_path / FOLDER).mkdir()
    return tmp_path


def test_unchanged_project_recalls(project):
    store(project)
    assert recall(project) == b"\x01"
    assert recall(project, key="other") is None
    assert recall(project, version="other") is None


def test_changes_are_seen(project):
    def write():
        (project / "a.py").write_text("a = 22\n", encoding="utf-8")

    def add():
        (project / "sub" / "c.py").touch()

    def remove():
        (project / "sub" / "b.py").unlink()

    def rename():
        (project / "a.py").rename(project / "z.py")

    for change in (write, add, remove, rename):
        store(project)
        assert recall(project) is not None
        change()
        assert recall(project) is None, change.__name__


def test_change_that_keeps_size_and_time_is_seen(project):
    path = project / "a.py"
    before = path.stat()
    store(project)
    path.write_text("a = 2\n", encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert recall(project) is None, "one commit id replaced by another keeps the size"


def test_young_stamps_are_not_trusted(project, monkeypatch):
    store(project, now=time.time_ns())
    path, before = project / "a.py", (project / "a.py").stat()
    path.write_text("a = 2\n", encoding="utf-8")
    # A file system with a coarse clock: the second write leaves the same stamp.
    monkeypatch.setattr(
        "loralint.cache.manifest.stamp_of",
        lambda status: stamp_of(before if status.st_ino == before.st_ino else status),
    )
    assert recall(project) is None


def test_young_stamps_are_not_renewed_while_they_are_young(project):
    store(project, now=time.time_ns())
    first = (project / FOLDER / FILE).read_bytes()
    assert recall(project) == b"\x01"
    assert (project / FOLDER / FILE).read_bytes() == first, "still too young to be trusted"


def test_old_enough_stamps_are_renewed(project, monkeypatch):
    store(project, now=time.time_ns())
    later = time.time_ns() + LATER
    monkeypatch.setattr(time, "time_ns", lambda: later)
    assert recall(project) == b"\x01"
    monkeypatch.setattr("loralint.cache.manifest.digest", None)
    monkeypatch.setattr("loralint.cache.manifest.listing_digest", None)
    assert recall(project) == b"\x01", "stamps suffice the second time"


def test_fresh_checkout_of_the_same_content_recalls(project):
    store(project)
    for path in (project / "a.py", project / "sub" / "b.py", project / "sub", project):
        os.utime(path)
    assert recall(project) == b"\x01"


def test_missing_file_that_appears_is_a_change(project):
    found = manifest(project)
    found.files["absent.json"] = None
    Cache(str(project), "v").store("k", b"\x01", found, {}, time.time_ns() + LATER)
    assert recall(project) == b"\x01"
    (project / "absent.json").touch()
    assert recall(project) is None


def test_tools_that_leave_folders_behind_change_nothing(project):
    store(project)
    (project / "__pycache__").mkdir()
    (project / ".ruff_cache").mkdir()
    assert recall(project) == b"\x01"


def test_facts_come_back_by_path(project):
    entries = {
        "a.py": Entry((1, 2, 3), b"d" * 16, True, b"facts"),
        "b.py": Entry(NEVER, b"", False),
    }
    Cache(str(project), "v").store_facts(entries, LATER)
    assert Cache(str(project), "v").facts() == entries
    assert Cache(str(project), "w").facts() == {}


def test_results_are_bounded_and_facts_survive(project):
    Cache(str(project), "v").store_facts({"a.py": Entry(NEVER, b"", False)}, LATER)
    for number in range(KEPT_RESULTS + 3):
        store(project, key=str(number))
    names = Container(project / FOLDER / FILE).names
    assert len(names) <= KEPT_RESULTS + 2
    assert recall(project, key=str(KEPT_RESULTS + 2)) is not None
    assert recall(project, key="0") is None


def test_another_version_leaves_nothing(project):
    store(project)
    Cache(str(project), "w").store_facts({}, LATER)
    assert Container(project / FOLDER / FILE).names == ("facts w",)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:10],
        lambda data: data[:-2],
        lambda data: b"PK\x03\x04" + data,
        lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
        lambda data: data[:17] + b"\xff\xff\xff\xff" + data[21:],
        lambda data: data[:21] + b"\xc1" * 20 + data[41:],
    ],
)
def test_damaged_cache_is_no_cache(project, damage):
    store(project)
    path = project / FOLDER / FILE
    path.write_bytes(damage(path.read_bytes()))
    assert recall(project) is None
    store(project)
    assert recall(project) == b"\x01"


def test_section_that_is_not_what_it_should_be(project):
    Container(project / FOLDER / FILE).write({"result v k": b"\xc0", "facts v": b"\x91\x01"})
    assert recall(project) is None
    assert Cache(str(project), "v").facts() == {}


def test_folder_hides_itself_from_git_and_leaves_no_temporary_files(project):
    store(project)
    assert "*" in (project / FOLDER / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert sorted(path.name for path in (project / FOLDER).iterdir()) == [
        ".gitignore",
        "CACHEDIR.TAG",
        FILE,
    ]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions bind")
def test_read_only_project(project):
    project.chmod(0o500)
    (project / FOLDER).rmdir()
    try:
        store(project)
        assert recall(project) is None
    finally:
        project.chmod(0o700)


def test_cache_that_is_a_file_is_left_alone(tmp_path):
    (tmp_path / FOLDER).write_text("mine", encoding="utf-8")
    store(tmp_path)
    assert recall(tmp_path) is None
    assert (tmp_path / FOLDER).read_text(encoding="utf-8") == "mine"


def test_cache_folder_that_is_a_link_is_not_followed(tmp_path):
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    (project / FOLDER).symlink_to(elsewhere)
    store(project)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("inner", [".", "deep/project"])
def test_cache_that_came_with_the_repository_is_not_believed(tmp_path, inner):
    project = tmp_path / inner
    project.mkdir(parents=True, exist_ok=True)
    (project / "a.py").touch()
    store(project)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert recall(project) == b"\x01"
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    assert recall(project) == b"\x01", "its own .gitignore keeps the cache out"
    subprocess.run(["git", "add", "-f", f"{inner}/{FOLDER}/{FILE}"], cwd=tmp_path, check=True)
    assert recall(project) is None
    assert Cache(str(project), "v").facts() == {}


def test_stamps_younger_than_the_grain_are_forgotten():
    now = 100 * GRAIN
    assert trusted((now - GRAIN - 1, 5, 1), now) == (now - GRAIN - 1, 5, 1)
    assert trusted((now - GRAIN, 5, 1), now) == NEVER
    assert trusted((5, now, 1), now) == NEVER, "the inode changed just now"
