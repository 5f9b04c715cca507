"""The cache: what it keeps, and when it does not believe itself."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from loralint import engine
from loralint.cache import FILE, KEPT_RESULTS, Cache, Entry, Manifest, folder_of
from loralint.cache.container import Container
from loralint.config import Config
from loralint.discovery import walk
from loralint.engine.request import Request
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
    opened(root).store(key, result, manifest(root), {}, began)


def opened(root: Path, version: str = "v") -> Cache:
    return Cache(str(root), version, folder_of(str(root)))


def recall(root: Path, key: str = "k", version: str = "v") -> bytes | None:
    return opened(root, version).recall(key)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.py").write_text("a = 1\n", encoding="utf-8")
    (tmp_path / "sub" / "b.py").write_text("b = 1\n", encoding="utf-8")
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
    first = (folder_of(str(project)) / FILE).read_bytes()
    assert recall(project) == b"\x01"
    assert (folder_of(str(project)) / FILE).read_bytes() == first, "still too young to be trusted"


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
    opened(project).store("k", b"\x01", found, {}, time.time_ns() + LATER)
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
    opened(project).store_facts(entries, LATER)
    assert opened(project).facts() == entries
    assert opened(project, "w").facts() == {}


def test_results_are_bounded_and_facts_survive(project):
    opened(project).store_facts({"a.py": Entry(NEVER, b"", False)}, LATER)
    for number in range(KEPT_RESULTS + 3):
        store(project, key=str(number))
    names = Container(folder_of(str(project)) / FILE).names
    assert len(names) <= KEPT_RESULTS + 2
    assert recall(project, key=str(KEPT_RESULTS + 2)) is not None
    assert recall(project, key="0") is None


def test_another_version_leaves_nothing(project):
    store(project)
    opened(project, "w").store_facts({}, LATER)
    assert Container(folder_of(str(project)) / FILE).names == ("facts w",)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:10],
        lambda data: data[:-2],
        lambda data: b"PK\x03\x04" + data,
        lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
        lambda data: data[:17] + b"\xff\xff\xff\xff" + data[21:],
        lambda data: data[:53] + b"\xc1" * 20 + data[73:],
    ],
)
def test_damaged_cache_is_no_cache(project, damage):
    store(project)
    path = folder_of(str(project)) / FILE
    path.write_bytes(damage(path.read_bytes()))
    assert recall(project) is None
    store(project)
    assert recall(project) == b"\x01"


def test_section_that_is_not_what_it_should_be(project):
    Container(folder_of(str(project)) / FILE).write({"result v k": b"\xc0", "facts v": b"\x91\x01"})
    assert recall(project) is None
    assert opened(project).facts() == {}


def test_no_single_byte_of_it_can_be_wrong_and_be_believed(project):
    store(project)
    path = folder_of(str(project)) / FILE
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        assert recall(project) in (None, b"\x01"), place


def test_facts_that_are_none_are_taken_anew(tmp_path):
    (tmp_path / "a.py").write_text(
        'from transformers import AutoModel\nAutoModel.from_pretrained("org/model")\n',
        encoding="utf-8",
    )
    request = Request(str(tmp_path), (str(tmp_path),), Config())
    first = engine.check(request)
    cache = opened(tmp_path, engine.version())
    entries = cache.facts()
    entries["a.py"].facts = entries["a.py"].flagged = b"\x91\x01"
    cache.store_facts(entries, time.time_ns() + LATER)
    (tmp_path / "b.py").touch()
    again = engine.check(request)
    assert [found.code for found in first.diagnostics] == ["LOR101"]
    assert again.diagnostics == first.diagnostics


def test_nothing_is_left_in_the_project_or_beside_the_cache(project):
    store(project)
    assert sorted(path.name for path in project.iterdir()) == ["a.py", "sub"]
    assert sorted(path.name for path in folder_of(str(project)).iterdir()) == [FILE]
    tag = folder_of(str(project)).parent / "CACHEDIR.TAG"
    assert "Signature" in tag.read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions bind")
def test_folder_that_cannot_be_written_to(project, monkeypatch, tmp_path_factory):
    locked = tmp_path_factory.mktemp("locked")
    monkeypatch.setenv("LORALINT_CACHE_DIR", str(locked))
    locked.chmod(0o500)
    try:
        store(project)
        assert recall(project) is None
    finally:
        locked.chmod(0o700)


def test_file_in_the_place_of_the_folder_is_left_alone(project, monkeypatch, tmp_path):
    mine = tmp_path / "mine"
    mine.write_text("mine", encoding="utf-8")
    monkeypatch.setenv("LORALINT_CACHE_DIR", str(mine))
    store(project)
    assert recall(project) is None
    assert mine.read_text(encoding="utf-8") == "mine"


def test_pipe_in_the_place_of_the_cache_is_not_waited_for(project):
    folder_of(str(project)).mkdir(parents=True)
    os.mkfifo(folder_of(str(project)) / FILE)
    assert recall(project) is None


def test_what_a_repository_brings_along_is_not_its_cache(project):
    store(project)
    brought = project / ".loralint_cache"
    (folder_of(str(project))).rename(brought)
    (brought / FILE).rename(brought / "v1.bin")
    assert recall(project) is None


def test_each_root_has_its_own_and_the_command_line_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("LORALINT_CACHE_DIR", str(tmp_path / "set"))
    one, two = folder_of("/a"), folder_of("/b")
    assert one != two
    assert one.parent == two.parent == tmp_path / "set"
    assert folder_of("/a", str(tmp_path / "asked")).parent == tmp_path / "asked"
    monkeypatch.setenv("LORALINT_CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    if sys.platform == "linux":
        assert folder_of("/a").parent == tmp_path / "xdg" / "loralint"


def test_stamps_younger_than_the_grain_are_forgotten():
    now = 100 * GRAIN
    assert trusted((now - GRAIN - 1, 5, 1), now) == (now - GRAIN - 1, 5, 1)
    assert trusted((now - GRAIN, 5, 1), now) == NEVER
    assert trusted((5, now, 1), now) == NEVER, "the inode changed just now"
