"""Patterns: strings of which parts are not known."""

import pytest

from loralint.facts import Default, Known, Reason, Unknown
from loralint.values.paths import beginning, fits, is_certain, may_agree, pattern, weight

X = Unknown(Reason.CALLER)


def test_what_is_known_of_a_string():
    assert pattern([Known("out"), X, Known("adapter")], "/") == "out/{}/adapter"
    assert pattern([Known("run-"), Default("4bit"), Known("_"), X], "") == "run-{4bit}_{}"
    assert (
        pattern([Unknown(Reason.COMPUTED, pattern="out/{}"), Known("adapter")], "/")
        == "out/{}/adapter"
    )
    assert pattern([Known("a"), Known("/b"), X], "/") == "/b/{}"
    assert pattern([X, X], "/") == ""


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("out/{}/adapter", "out/a/adapter", True),
        ("out/{}/adapter", "out/a/b/adapter", False),
        ("out/{}/adapter", "out/adapter", False),
        ("out/r{8}_{}", "out/r16_x", True),
        ("{runs/new}/{}", "runs/new/a", True),
        ("o.t/{}", "out/a", False),
    ],
)
def test_a_path_fits(text, path, expected):
    assert fits(text, path) is expected


def test_beginnings():
    assert beginning("{runs}/a-{}/b") == "runs/a-"
    assert (is_certain("{runs}/a"), is_certain("runs/{}")) == (False, True)
    assert weight("out/{}_{4bit}/ab") == 6
    assert may_agree("out/{}", "out/a/{}")
    assert not may_agree("out/{}", "lora/{}")
