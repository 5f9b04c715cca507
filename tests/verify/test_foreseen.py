"""The disk is told what will be read before it is read, once, and not too far ahead."""

from __future__ import annotations

from loralint.verify import merge_stream
from loralint.verify.merge_stream import foreseen


def test_each_is_told_of_once_and_before_it_is_read(monkeypatch):
    monkeypatch.setattr(merge_stream, "AHEAD", 10)
    sizes, told, read = {"a": 8, "b": 1, "c": 20, "d": 3, "e": 4}, [], []
    for name in foreseen(list(sizes), sizes.__getitem__, told.append):
        assert name in told
        ahead = sum(sizes[one] for one in told) - sum(sizes[one] for one in read)
        assert ahead < 10 + max(sizes.values())
        assert ahead >= min(10, sum(sizes.values()) - sum(sizes[one] for one in read))
        read.append(name)
    assert read == told == list(sizes)
