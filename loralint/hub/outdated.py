"""What moved at the Hub since it was pinned, and whether what moved matters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from loralint.hub import Answer, Ask, Failure, Found, Place, Repo, is_commit, plain, resolve
from loralint.hub.cache import LocalCache, Part, changed
from loralint.hub.wants import Sources, stands_for, wants
from loralint.project import Project
from loralint.source import Place as Where

Status = Literal["current", "moved", "unknown"]


class Hub(Protocol):
    """Who knows every file of a commit; `name` is what its answers call their origin."""

    name: str

    def files(self, repo: Repo, commit: str) -> dict[str, str] | Failure:
        """The hashes of the files that matter."""
        ...


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """A commit that the project stands on, and the ref that it stood for, "" where unknown."""

    repo: Repo
    ref: str
    commit: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one ref.

    `places` are where the commit is written (the lock file among them). `changed` has the files
    that matter and differ, by what they decide; None where that cannot be told.
    """

    held: Held
    places: tuple[Where, ...]
    status: Status
    latest: str = ""
    changed: Mapping[Part, Sequence[str]] | None = None
    reason: str = ""


def reports(
    project: Project, sources: Sources, cache: LocalCache, places: Sequence[Place], hub: Hub | None
) -> list[Report]:
    """One report for each commit that the code or a lock file holds."""
    held: dict[Held, dict[Where, None]] = {}
    for one, where in (*_in_code(project, sources), *_in_locks(project)):
        held.setdefault(one, {})[where] = None
    answers = resolve((Ask(one.repo, one.ref) for one in held if one.ref), places)
    compare = _Comparison(project, cache, hub)
    return [_report(one, tuple(held[one]), answers, compare) for one in sorted(held)]


def _in_code(project: Project, sources: Sources) -> Iterator[tuple[Held, Where]]:
    for want in wants(project):
        commit, repo = want.ask.ref, want.ask.repo
        if is_commit(commit) and commit in sources.commits:
            ref = stands_for(project, sources, want.load, want.ask)
            yield Held(repo, ref, commit), want.load.place


def _in_locks(project: Project) -> Iterator[tuple[Held, Where]]:
    for path, facts in project.files.items():
        locked = project.locked_for(path) if facts.lock is not None else None
        for one in locked.facts.lock.artifacts if locked is not None else ():
            ref = plain(one.ref) if one.ref else ""
            yield Held(Repo(one.id, one.type), ref, one.commit), locked.place(one)  # type: ignore[union-attr]


def _report(
    one: Held, places: tuple[Where, ...], answers: Mapping[Ask, Answer], compare: _Comparison
) -> Report:
    if not one.ref:
        return Report(one, places, "unknown", reason="what the commit stood for is not noted")
    answer = answers[Ask(one.repo, one.ref)]
    if isinstance(answer, Failure):
        return Report(one, places, "unknown", reason=answer.reason)
    if answer.commit == one.commit:
        return Report(one, places, "current", one.commit)
    return Report(one, places, "moved", answer.commit, compare.changed(one, answer))


@dataclass(frozen=True)
class _Comparison:
    """The files of two commits, from whoever knows them."""

    project: Project
    cache: LocalCache
    hub: Hub | None

    def changed(self, one: Held, answer: Found) -> Mapping[Part, Sequence[str]] | None:
        """The files that differ; None where too little is known of one of the commits."""
        if self.hub is not None and answer.origin == self.hub.name:
            old = self.hub.files(one.repo, one.commit)
            if not isinstance(old, Failure):
                return changed(old, answer.files)
        return self._of_what_is_here(one, answer)

    def _of_what_is_here(self, one: Held, answer: Found) -> Mapping[Part, Sequence[str]] | None:
        """The same of the files that are known of both commits: a cache need not have all."""
        old = {**self._locked(one), **self.cache.files(one.repo, one.commit)}
        new = {**self.cache.files(one.repo, answer.commit), **answer.files}
        both = old.keys() & new.keys()
        if not both:
            return None
        return changed({name: old[name] for name in both}, {name: new[name] for name in both})

    def _locked(self, one: Held) -> dict[str, str]:
        locks = (facts.lock.lock for facts in self.project.files.values() if facts.lock is not None)
        held = (each for lock in locks for each in lock.of(one.repo.id, one.repo.type))
        return {name: value for each in held if each.commit == one.commit
                for name, value in each.files}  # fmt: skip
