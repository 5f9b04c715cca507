"""Which versions a specifier lets in."""

from __future__ import annotations

import pytest

from loralint.rules.judgement.versions import _allows_below


@pytest.mark.parametrize(
    ("version", "allows"),
    [
        ("==0.8.2", True), ("==0.8.*", True), ("~=0.8", True), ("^0.9", True), ("=0.11", True),
        (">=0.7", True), (">=0.7,<1", True), ("<0.12", True), ("<=0.11.1", True), (">0.11", True),
        (">= 0.11.0", True), ("", False), ("<1", False), ("==0.12", False), ("==0.12.0", False),
        ("==0.14.*", False), (">=0.12", False), (">=0.12.0,<1", False), ("~=1.2", False),
        ("<0.13", False), ("!=0.10", False), (">=0.9,>=0.13", False),
    ],
)  # fmt: skip
def test_what_lets_an_older_release_in(version: str, allows: bool) -> None:
    assert _allows_below(version, (0, 12)) is allows
