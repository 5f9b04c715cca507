"""Fixes laid into files without the command line: what fits, what waits, what is dropped."""

from __future__ import annotations

import pytest

from loralint.diagnostics import Edit, Fix
from loralint.fix.applying import Applied, apply
from loralint.fix.documents import unified
from loralint.read import extract
from loralint.source import Place, Source, Span
from loralint.writing import HasChanged, replace

A = b"""from transformers import AutoModel

one = AutoModel.from_pretrained("a/b")
two = AutoModel.from_pretrained("a/c")
"""
FILES = {"a.py": A, "b.py": A, "c.yaml": b"a: 1\nb: x\n", "d.json": b'{"a": 1, "b": "x"}'}
KINDS = {"py": "python", "yaml": "yaml", "json": "json"}


def read(path: str) -> Source:
    return Source(path, KINDS[path.rpartition(".")[2]], FILES[path])


def insert(path: str, row: int, column: int, content: str, *changes: str) -> Fix:
    place = Place(path, Span.of(row, column, row, column))
    return Fix("safe", "m", (Edit(place, content),), changes)


REVISION = ', revision="v1"'


def test_two_fixes_of_one_file():
    fixes = [insert("a.py", row, 38, REVISION, "revision") for row in (3, 4)]
    applied = apply(fixes, read)
    assert (applied.done, applied.waiting, applied.dropped) == ((0, 1), (), {})
    assert applied.contents["a.py"].count(REVISION.encode()) == 2


def test_many_files_are_checked_in_processes_as_here():
    """Enough bytes for a pool: the same files, the same reasons, in the same order."""
    long = A + b"# " + b"x" * 100_000 + b"\n"
    good = [insert(f"{n}.py", 3, 38, REVISION, "revision") for n in range(4)]
    harm = insert("2.py", 4, 38, ", revision=", "revision")
    here, there = (
        apply([*good, harm], lambda path: Source(path, "python", long), jobs) for jobs in (1, 2)
    )
    assert there == here
    assert here.done == (0, 1, 2, 3)
    assert "no longer parse" in here.dropped[4]


def test_a_shared_edit_is_made_once():
    fix = insert("a.py", 3, 38, REVISION, "revision")
    applied = apply([fix, fix], read)
    assert applied.done == (0, 1)
    assert applied.contents["a.py"].count(REVISION.encode()) == 1


def test_two_texts_at_one_place_wait_for_each_other():
    fixes = [insert("a.py", 3, 38, REVISION, "revision"), insert("a.py", 3, 38, ", x=1", "x")]
    applied = apply(fixes, read)
    assert (applied.done, applied.waiting) == ((0,), (1,))


@pytest.mark.parametrize(
    ("fix", "reason"),
    [
        (insert("a.py", 3, 38, ", revision=", "revision"), "no longer parse"),
        (insert("a.py", 3, 38, ", a=1, a=2", "a"), "Python would refuse it"),
        (insert("a.py", 3, 38, ", trust_remote_code=True", "revision"), "other things"),
        (insert("a.py", 3, 35, "x", "revision"), "other things"),
        (insert("a.py", 3, 380, REVISION, "revision"), "row 3 has no column 380"),
        (insert("a.py", 30, 1, REVISION, "revision"), "there is no row 30"),
        (insert("c.yaml", 1, 1, "x: [\n", "x"), "no longer parse"),
        (insert("c.yaml", 1, 1, "b: y\n", "b"), "a key would stand there twice"),
        (insert("c.yaml", 1, 1, "c: y\n", "d"), "other things"),
        (insert("d.json", 1, 2, '"a": 2, ', "a"), "a key would stand there twice"),
        (insert("d.json", 1, 2, '"c": 2 ', "c"), "no longer parse"),
    ],
)
def test_what_does_harm_is_dropped_and_hinders_nothing_else(fix, reason):
    good = insert("a.py", 4, 38, REVISION, "revision")
    applied = apply([fix, good], read)
    assert applied.done == (1,)
    assert reason in applied.dropped[0]
    assert list(applied.contents) == ["a.py"]


def test_a_fix_of_two_files_is_made_whole_or_not_at_all():
    good = insert("a.py", 3, 38, REVISION, "revision").edits
    bad = insert("b.py", 3, 38, ", revision=", "revision").edits
    applied = apply([Fix("safe", "m", (*good, *bad), ("revision",))], read)
    assert (applied.contents, applied.done) == ({}, ())


def test_a_literal_that_is_written_anew_needs_no_name():
    text = A + b'REV = "v1"\nAutoModel.from_pretrained("a/b", revision=REV)\n'
    edit = Edit(Place("a.py", Span.of(5, 8, 5, 10)), "v2")
    applied = apply([Fix("safe", "m", (edit,))], lambda path: Source(path, "python", text))
    assert applied.contents == {"a.py": text.replace(b"v1", b"v2")}


def test_a_diff_says_where_the_end_has_no_line_feed():
    assert unified("a", b"x\ny", b"x\nz").splitlines()[-4:] == [
        "-y", "\\ No newline at end of file", "+z", "\\ No newline at end of file",
    ]  # fmt: skip


def test_somebody_elses_change_is_not_written_over(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes(b"theirs")
    with pytest.raises(HasChanged):
        replace(path, b"new", old=b"old")
    with pytest.raises(HasChanged):
        replace(path, b"new", old=None)
    assert path.read_bytes() == b"theirs"
    assert [each.name for each in tmp_path.iterdir()] == ["a.py"]


def test_a_link_stays_a_link(tmp_path):
    real, link = tmp_path / "real.py", tmp_path / "link.py"
    real.write_bytes(b"old")
    link.symlink_to(real)
    replace(link, b"new", old=b"old")
    assert (link.is_symlink(), real.read_bytes()) == (True, b"new")


LARGE = A + b"table = {\n" + b"    1: 2, 3: 4, 5: 6, 7: 8, 9: 10,\n" * 6_000 + b"}\n"
"""More rows than LibCST may be given at once."""


def in_a_large_module(*fixes: Fix, end: bytes = b"") -> Applied:
    module = Source("a.py", "python", LARGE + end)
    assert (extract(module).error is not None) is bool(end)
    return apply(fixes, lambda path: module)


def test_what_is_too_large_to_be_read_whole_is_still_checked():
    harm = insert("a.py", 3, 38, ", trust_remote_code=True", "revision")
    twice = insert("a.py", 3, 38, ", a=1, a=2", "a")
    good = insert("a.py", 4, 38, REVISION, "revision")
    assert "other things" in in_a_large_module(harm, good).dropped[0]
    assert "Python would refuse it" in in_a_large_module(twice, good).dropped[0]
    assert in_a_large_module(harm, good).done == (1,)


def test_what_neither_libcst_nor_python_can_read_is_left():
    good = insert("a.py", 4, 38, REVISION, "revision")
    applied = in_a_large_module(good, end=b'print "so wrote Python 2"\n')
    assert "nothing can read it as a whole" in applied.dropped[0]
