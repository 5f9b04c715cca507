"""The lock that a project ought to have.

What the code pins is followed. What it leaves open (a load without a revision, a branch, or
`loralint.revision(…)`) keeps the commit that the lock has, unless it is to be upgraded, and gets
today's where the lock has none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from loralint.hub import (
    MAIN,
    Answer,
    Ask,
    Failure,
    Found,
    Place,
    Repo,
    failures,
    is_commit,
    plain,
    resolve,
)
from loralint.hub.wants import Sources, Want, asked, repos_of, wants
from loralint.lockfile import NAME, Adapter, Artifact, Lock
from loralint.project import Load, Project
from loralint.rules.judgement.adapters import hub_base
from loralint.rules.judgement.fixes import written_at
from loralint.rules.judgement.values import only

KINDS = (
    "base-model engine pipeline embedding adapter model tokenizer processor config file other"
    " dataset"
).split()
"""What a repository is loaded as; the first that applies is what the lock says."""

Known = Callable[[Repo, str], Mapping[str, str]]
"""The hashes of a commit's files that can be had for nothing."""


@dataclass(frozen=True)
class Locking:
    """A new lock for one lock file; `failed` are the questions that nobody could answer."""

    path: str
    old: Lock | None
    new: Lock
    failed: tuple[tuple[Ask, str], ...] = ()


@dataclass(frozen=True)
class Locker:
    """Makes locks: `places` answer questions, `upgrades` says which repositories may move."""

    project: Project
    sources: Sources
    places: Sequence[Place]
    known: Known = lambda repo, commit: {}
    upgrades: Callable[[str], bool] = lambda repo_id: False

    def locks(self) -> Iterator[Locking]:
        """One for each lock file of the project; without any, one at its root."""
        held = [path for path, facts in self.project.files.items() if facts.lock is not None]
        groups: dict[str, list[Want]] = {path: [] for path in held or [NAME]}
        for want in wants(self.project):
            groups.setdefault(self._governing(want.load.site.path), []).append(want)
        for path, group in sorted(groups.items()):
            yield self._lock(path, group)

    def _governing(self, path: str) -> str:
        held = self.project.locked_for(path)
        return held.path if held is not None else NAME

    def _lock(self, path: str, group: list[Want]) -> Locking:
        facts = self.project.files.get(path)
        old = facts.lock.lock if facts is not None and facts.lock is not None else None
        made = _Making(self, old or Lock(), group)
        artifacts = made.artifacts()
        adapters = adapters_of(
            self.project, Lock(artifacts), lambda file: self._governing(file) == path, made.ref
        )
        return Locking(path, old, Lock(artifacts, adapters), tuple(failures(made.answers)))


@dataclass(frozen=True)
class _Making:
    """One lock in the making."""

    locker: Locker
    old: Lock
    group: Sequence[Want]

    def artifacts(self) -> tuple[Artifact, ...]:
        """What is to be locked, in the order of the file."""
        named = {key: self._commit(key) for key in self._asked}
        found = [self._entry(Ask(*key), commit) for key, commit in named.items() if commit]
        for repo, commits in self._pinned.items():
            held = {commit for (each, _), commit in named.items() if each == repo}
            found += [self._entry(Ask(repo, ""), commit) for commit in sorted(commits - held)]
        return tuple(sorted(found, key=lambda one: one.key))

    @cached_property
    def answers(self) -> dict[Ask, Answer]:
        """The answers to what neither the code nor the old lock says."""
        open_ = (Ask(*key) for key in self._asked if not self._fixed(key) and not self._kept(key))
        return resolve(open_, self.locker.places)

    @cached_property
    def _asked(self) -> dict[tuple[Repo, str], set[str]]:
        """Each repository and ref, with the commits of it that the code writes down."""
        found: dict[tuple[Repo, str], set[str]] = {}
        for want in self.group:
            ref = self.ref(want.ask)
            if ref:
                written = self._is_written(want.ask.ref)
                found.setdefault((want.ask.repo, ref), set()).update({want.ask.ref} & written)
        return found

    @cached_property
    def _pinned(self) -> dict[Repo, set[str]]:
        """The commits of each repository that the code asks for."""
        found: defaultdict[Repo, set[str]] = defaultdict(set)
        for want in self.group:
            kept = self._is_written(want.ask.ref)
            if is_commit(want.ask.ref) and (kept or not self.ref(want.ask)):
                found[want.ask.repo].add(want.ask.ref)
        return found

    def _is_written(self, ref: str) -> frozenset[str]:
        """The commit itself, if it stands in the code: else it comes from the lock."""
        return self.locker.sources.commits & {ref}

    def ref(self, ask: Ask) -> str:
        """The ref that a question is about; for a commit, what it stood for, if that is known."""
        if not is_commit(ask.ref):
            return ask.ref
        note = self.locker.sources.notes.get(ask.ref)
        if note is not None:
            return note.ref
        held = next((one.ref for one in self._held(ask.repo) if one.commit == ask.ref), None)
        return self._moved.get(ask, "") if held is None else held

    @cached_property
    def _moved(self) -> dict[Ask, str]:
        """What commits stand for that neither a comment nor the old lock explains.

        A ref that may be meant and that stands at the commit today.
        """
        refs = [
            (want.ask, Ask(want.ask.repo, ref)) for want in self.group for ref in self._meant(want)
        ]
        answers = resolve((ref for _, ref in refs), self.locker.places)
        stand_at = {
            ref: answer.commit for ref, answer in answers.items() if isinstance(answer, Found)
        }
        return {ask: ref.ref for ask, ref in refs if stand_at.get(ref) == ask.ref}

    def _meant(self, want: Want) -> Iterator[str]:
        """The refs that an unexplained commit may stand for.

        Those that its repository is locked at: the pin has moved on. Where its file holds no
        comments, and so nobody could say, also the default branch.
        """
        ask, held = want.ask, self._held(want.ask.repo)
        explained = ask.ref in self.locker.sources.notes or any(o.commit == ask.ref for o in held)
        if not is_commit(ask.ref) or explained:
            return
        at = written_at(self.locker.project, want.load)
        if at is not None and at.path.endswith(".json"):
            yield MAIN
        yield from (plain(one.ref) for one in held if one.ref)

    def _held(self, repo: Repo) -> tuple[Artifact, ...]:
        return self.old.of(repo.id, repo.type)

    def _commit(self, key: tuple[Repo, str]) -> str | None:
        """The commit to lock; where there is no answer, the one that was locked before."""
        decided = self._fixed(key) or self._kept(key)
        if decided:
            return decided
        answer = self.answers[Ask(*key)]
        return answer.commit if isinstance(answer, Found) else self._locked(key)

    def _fixed(self, key: tuple[Repo, str]) -> str | None:
        """The commit that the code writes down for a ref; of several the latest."""
        notes = self.locker.sources.notes
        dates = [
            (notes[commit].date if commit in notes else "", commit) for commit in self._asked[key]
        ]
        return max(dates)[1] if dates else None

    def _kept(self, key: tuple[Repo, str]) -> str | None:
        return None if self.locker.upgrades(key[0].id) else self._locked(key)

    def _locked(self, key: tuple[Repo, str]) -> str | None:
        repo, ref = key
        return next((one.commit for one in self._held(repo) if plain(one.ref) == ref), None)

    def _entry(self, ask: Ask, commit: str) -> Artifact:
        repo = ask.repo
        before = dict(kept for o in self._held(repo) if o.commit == commit for kept in o.files)
        answer = self.answers.get(ask)
        told = answer.files if isinstance(answer, Found) and answer.commit == commit else {}
        files = {**before, **told, **self.locker.known(repo, commit)}
        return Artifact(
            id=repo.id,
            commit=commit,
            ref=ask.ref,
            kind=min(self._kinds[repo], key=_rank),
            type=repo.type,
            files=tuple(sorted(files.items())),
        )

    @cached_property
    def _kinds(self) -> Mapping[Repo, set[str]]:
        found: defaultdict[Repo, set[str]] = defaultdict(set)
        for want in self.group:
            found[want.ask.repo].add(want.load.site.artifact)
        return found


def _rank(kind: str) -> int:
    return KINDS.index(kind) if kind in KINDS else len(KINDS)


Base = tuple[str, str]
"""A repository's id and the ref that it is loaded at."""


def adapters_of(
    project: Project, lock: Lock, governs: Callable[[str], bool], ref_of: Callable[[Ask], str]
) -> tuple[Adapter, ...]:
    """The adapters in files that a lock holds for; `lock` has the commits of their bases.

    `ref_of` tells what a commit stood for: one that came from an older lock may have moved.
    """
    found = {
        Adapter(name=name, base=base, commit=_commit(lock, base, ref, ref_of))
        for path, name, (base, ref) in (*_loaded(project), *_recorded(project))
        if governs(path)
    }
    return tuple(sorted(found, key=lambda one: (one.name, one.base, one.commit)))


def _loaded(project: Project) -> Iterator[tuple[str, str, Base]]:
    for load in project.loads:
        name = only(load.site.repo_id) if load.site.artifact == "adapter" else None
        if isinstance(name, str) and name:
            for base in _bases(project, load):
                yield load.site.path, name, base


def _bases(project: Project, load: Load) -> Iterator[Base]:
    """The repositories that a load's adapter goes onto."""
    for base in project.inputs_of(load):
        repos, ref = repos_of(project, base), asked(base.site.revision)
        if len(repos) == 1 and ref is not None:
            yield repos[0].id, ref


def _recorded(project: Project) -> Iterator[tuple[str, str, Base]]:
    """The adapter folders of the project: what their adapter_config.json says."""
    for adapter in project.adapters:
        recorded = hub_base(adapter)
        if recorded is not None:
            yield adapter.path, adapter.folder or ".", (recorded[0], plain(recorded[1]))


def _commit(lock: Lock, base: str, ref: str, ref_of: Callable[[Ask], str]) -> str:
    held = lock.of(base)
    if any(one.commit == ref for one in held):
        return ref
    stood_for = ref_of(Ask(Repo(base), ref))
    found = (one.commit for one in held if one.ref and plain(one.ref) == stood_for)
    return next(found, ref if is_commit(ref) else "")


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
