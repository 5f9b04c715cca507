"""How two locks differ, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from loralint.lockfile import Adapter, Artifact, Lock

Sort = Literal["new", "moved", "gone", "changed"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry that differs: `sort` says how, `text` what, for people."""

    sort: Sort
    text: str


def differences(old: Lock, new: Lock) -> list[Difference]:
    """What has to change to make the old lock the new one.

    A hash that only one of them knows is no difference: who has more of a commit in the cache
    knows more of it. Two hashes for one file of one commit are.
    """
    return [*_artifacts(old, new), *_adapters(old, new)]


def _artifacts(old: Lock, new: Lock) -> Iterator[Difference]:
    before = {one.key: one for one in old.artifacts}
    after = {one.key: one for one in new.artifacts}
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was is None and now is not None:
            yield Difference("new", f"{_name(now)}: {now.commit}")
        elif was is not None and now is None:
            yield Difference("gone", f"{_name(was)}: {was.commit}")
        elif was is not None and now is not None:
            yield from _between(was, now)


def _between(was: Artifact, now: Artifact) -> Iterator[Difference]:
    if was.commit != now.commit:
        yield Difference("moved", f"{_name(now)}: {was.commit} → {now.commit}")
        return
    if was.kind != now.kind:
        yield Difference("changed", f"{_name(now)}: loaded as {now.kind}, was {was.kind}")
    hashes = dict(now.files)
    for name, value in was.files:
        if hashes.get(name, value) != value:
            yield Difference("changed", f"{_name(now)}: {name} has another content than was locked")


def _adapters(old: Lock, new: Lock) -> Iterator[Difference]:
    for one in sorted(set(new.adapters) - set(old.adapters), key=_text):
        yield Difference("new", _text(one))
    for one in sorted(set(old.adapters) - set(new.adapters), key=_text):
        yield Difference("gone", _text(one))


def _text(one: Adapter) -> str:
    return f"adapter {one.name} on {one.base}" + (f" at {one.commit}" if one.commit else "")


def _name(one: Artifact) -> str:
    kind = "" if one.type == "model" else f"{one.type} "
    return f"{kind}{one.id}" + (f" ({one.ref})" if one.ref else "")
