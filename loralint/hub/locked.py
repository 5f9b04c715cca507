"""Answers from lock files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from loralint.hub import Answer, Ask, Failure, Found, is_commit, plain
from loralint.lockfile import NAME, Artifact, Lock
from loralint.project import Project


class LockedCommits:
    """What lock files hold, as a place that answers where they agree.

    With `sole` the only entry of a repository is the answer, whatever its ref.
    """

    def __init__(self, locks: Iterable[Lock], *, sole: bool = False) -> None:
        self.locks = tuple(locks)
        self._sole = sole

    @staticmethod
    def of(project: Project, *, sole: bool = False) -> LockedCommits:
        """All lock files of a project."""
        held = (facts.lock for facts in project.files.values())
        return LockedCommits((each.lock for each in held if each is not None), sole=sole)

    def answers(self, asked: Sequence[Ask]) -> Iterator[tuple[Ask, Answer]]:
        """The locked commits."""
        for ask in asked:
            yield ask, self._answer(ask)

    def _answer(self, ask: Ask) -> Answer:
        held = [one for lock in self.locks for one in lock.of(ask.repo.id, ask.repo.type)]
        found = [one for one in held if _fits(one, ask.ref)]
        if not found and self._sole:
            found = held
        if len({one.commit for one in found}) != 1:
            return Failure(f"{NAME} does not hold {ask.repo} at {ask.ref!r}")
        one = max(found, key=lambda one: (one.ref, one.files))
        return Found(one.commit, "lock", dict(one.files), ref=one.ref)


def _fits(one: Artifact, ref: str) -> bool:
    return one.commit == ref if is_commit(ref) else one.ref != "" and plain(one.ref) == ref
