"""Answers from the lock file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loralint.hub import Answer, Ask, Failure, Found, is_commit, plain
from loralint.lockfile import NAME, Artifact, Lock


class LockedCommits:
    """What a lock file holds, as a place that answers."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock

    def answers(self, asked: Sequence[Ask]) -> Iterator[tuple[Ask, Answer]]:
        """The locked commits."""
        for ask in asked:
            fitting = [one for one in self.of(ask) if plain(one.ref) == ask.ref or _is(one, ask)]
            yield ask, _answer(ask, fitting)

    def of(self, ask: Ask) -> tuple[Artifact, ...]:
        """All that is locked of a repository."""
        return self.lock.of(ask.repo.id, ask.repo.type)


def _is(one: Artifact, ask: Ask) -> bool:
    return is_commit(ask.ref) and one.commit == ask.ref


def _answer(ask: Ask, fitting: list[Artifact]) -> Answer:
    commits = {one.commit for one in fitting if one.ref or is_commit(ask.ref)}
    if len(commits) != 1:
        return Failure(f"{NAME} does not hold {ask.repo} at {ask.ref!r}")
    one = next(one for one in fitting if one.commit in commits)
    return Found(one.commit, "lock", dict(one.files))
