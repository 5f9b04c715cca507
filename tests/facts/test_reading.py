"""Modules as they come: positions, encodings, magics, and what the running Python cannot read."""

from __future__ import annotations

import sys

import pytest

from loralint.facts import FileFacts
from loralint.read import extract
from loralint.source import Location, Source

LOAD = 'X.from_pretrained("a/b")'


def facts(content: str | bytes) -> FileFacts:
    """The facts of a module."""
    raw = content.encode() if isinstance(content, str) else content
    return extract(Source("m.py", "python", raw))


@pytest.mark.parametrize(
    ("text", "row", "column"),
    [
        (f"x = {LOAD}\n", 1, 5),
        (f"\fx = {LOAD}\n", 1, 6),
        (f"a = 1\r\nx = {LOAD}\r\n", 2, 5),
        (f"a = 1\rx = {LOAD}\r", 2, 5),
        (f"\ufeffx = {LOAD}\n", 1, 5),
        (f"if a:\n\tx = {LOAD}\n", 2, 6),
        (f"x = ('ä€😀', {LOAD})\n", 1, 13),
        (f"x = f'ä€😀{{{LOAD.replace(chr(34), chr(34) * 3)}}}'\n", 1, 11),
        (f'x = """\n\x0b\x1c\u2028\n"""; y = {LOAD}\n', 3, 10),
        (f"x = ({LOAD})\n", 1, 6),
        (f"x = a \\\n  or {LOAD}\n", 2, 6),
    ],
)
def test_rows_and_columns_count_characters(text: str, row: int, column: int) -> None:
    found = facts(f"{text}")
    assert found.error is None
    assert [call.span.start for call in found.calls] == [Location(row, column)]


def test_a_coding_comment() -> None:
    (found,) = facts(f"# coding: latin-1\nx = ('ä', {LOAD})\n".encode("latin-1")).calls
    assert found.span.start == Location(2, 11)


@pytest.mark.parametrize(
    "text",
    ["x = = 1\n", "def f(:\n", "x = (\n", "\0", "x = 'a\n", "if a:\nb\n", "print 'a'\n"],
)
def test_what_is_no_python(text: str) -> None:
    found = facts(f"{text}")
    assert found.error is not None
    assert "newer" not in found.error.message


NEWER = {
    (3, 12): [f"x = f'{{{LOAD.replace(chr(34), chr(39))}}}'\n", "type A = int\n",
              "def f[T](a: T): pass\n"],
    (3, 14): ["try:\n    pass\nexcept A, B:\n    pass\n", "x = t'{a}'\n"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("version", "text"), [(version, text) for version in NEWER for text in NEWER[version]]
)
def test_what_only_a_newer_python_can_read(version: tuple[int, int], text: str) -> None:
    error = facts(text).error
    if sys.version_info >= version:
        assert error is None
    else:
        running = f"{sys.version_info.major}.{sys.version_info.minor}"
        assert error is not None
        assert error.message.startswith("written for Python 3.")
        assert error.message.endswith(f" or newer, and loralint runs on {running}")


def test_what_is_deep_is_not_given_to_libcst() -> None:
    error = facts(f"x = {'(' * 150}{'-' * 3000}1{')' * 150} = 2\ntype A = int\n").error
    assert error is not None


def test_magics_in_a_script() -> None:
    found = facts(
        "# Databricks notebook source\n%pip install peft\n!python train.py --model a/b \\\n"
        "  --lr 1\nif x:\n    !ls\n    %cd out\nfiles = !ls\n"
        f"x = {LOAD}  # loralint: ignore[LOR1]\n"
    )
    assert found.error is None
    assert [call.span.start for call in found.calls if "X." in call.text] == [Location(9, 5)]
    assert [call.cell for call in found.calls] == [None] * len(found.calls)
    (command,) = [each for each in found.commands if each.flags]
    assert (command.cell, command.span.start.row) == (None, 3)
    (comment,) = found.suppressions
    assert (comment.first_row, comment.last_row, comment.cell) == (9, 9, None)


def test_a_script_with_magics_may_still_be_none() -> None:
    error = facts("%pip install peft\nx = = 1\n").error
    assert error is not None
    assert error.span.start.row == 2
