"""What is to be pinned to which commit: nothing blindly.

Where the training side and the inference side of a pair would come to stand at two commits, where
the lock holds another one than the cache, and where nobody knows the commit, nothing is pinned
and somebody is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from typing import Literal

from loralint.facts import Known
from loralint.hub import Answer, Ask, Failure, Found, Place, is_commit, resolve
from loralint.hub.candidates import Candidate, Left, Scope, candidates, why_not
from loralint.hub.locking import LockedCommits
from loralint.hub.pin_stamps import Note
from loralint.hub.wants import Sources, repos_of
from loralint.project import Load, Pair, Project
from loralint.rules.judgement import wording
from loralint.rules.judgement.fixes import revision_changes, written_at
from loralint.rules.judgement.pinning import compare
from loralint.rules.judgement.sides import pairs_of
from loralint.rules.judgement.values import only, same

Side = Literal["train", "infer"]


@dataclass(frozen=True, slots=True)
class Pin:
    """A load and the commit that it is to name; `ref` is what the commit stands for."""

    load: Load
    repo_id: str
    ref: str
    commit: str
    origin: str
    current: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All pins, and what is left, in source order."""

    pins: tuple[Pin, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True)
class Planner:
    """Makes plans; `prefer` says which side of a pair is right where they disagree.

    With `heed_locks` a commit that the lock holds is not contradicted.
    """

    places: Sequence[Place]
    scope: Scope = field(default_factory=Scope)
    prefer: Side | None = None
    heed_locks: bool = True

    def plan(self, project: Project, sources: Sources) -> Plan:
        """What is to be pinned in a project as it is now."""
        return _Planning(self, project, sources).plan()


@dataclass(frozen=True)
class _Planning:
    planner: Planner
    project: Project
    sources: Sources

    def plan(self) -> Plan:
        left = [one for one in self._looked_at if isinstance(one, Left)]
        left += [one for one in self._giving_way.values() if isinstance(one, Left)]
        made = [self._pin(one) for one in self._candidates.values()]
        left += [one for one in made if isinstance(one, Left)]
        left += [each for index, each in self._torn.items() if index not in self._candidates]
        pins = {one.load.index: one for one in made if isinstance(one, Pin)}
        alone = lonely(self.project, {index: one.commit for index, one in pins.items()})
        left += [Left(pins.pop(index).load, reason) for index, reason in alone.items()]
        ordered = sorted(left, key=lambda one: one.load.index)
        return Plan(tuple(pins.values()), tuple(ordered))

    def _pin(self, one: Candidate) -> Pin | Left | None:
        torn = self._torn.get(one.load.index)
        if torn is not None:
            return torn
        answer = self._answer(one.ask)
        if isinstance(answer, Failure):
            return Left(one.load, answer.reason, grave=True)
        refusal = self._refusal(one, answer)
        if refusal is not None:
            return Left(one.load, refusal) if refusal else None
        objection = self._objection(one, answer)
        if objection:
            return Left(one.load, objection, grave=True)
        if not revision_changes(self.project, one.load, answer.commit):
            return Left(one.load, NO_PLACE)
        ref = answer.ref or self._ref(one.ask, answer.commit)
        return Pin(one.load, one.ask.repo.id, ref, answer.commit, answer.origin, one.current)

    def _ref(self, ask: Ask, commit: str) -> str:
        """What a commit is to be noted as: for one that is copied, what it was noted as."""
        if ask.ref == commit:
            note = self.sources.notes.get(commit)
            return note.ref if note is not None else ""
        return "" if commit.startswith(ask.ref) else ask.ref

    def _refusal(self, one: Candidate, answer: Found) -> str | None:
        """Why a pin must not move to an answer; "" where nothing need be said about it."""
        note = self.sources.note(one.current, written_at(self.project, one.load))
        if answer.commit == one.current or is_older(note, answer):
            return ""
        if note is not None or not self.planner.scope.upgrade or is_commit(one.ask.ref):
            return None
        pinned = Ask(one.ask.repo, one.current) if one.current else None
        return unclear(pinned, answer, self.planner.places) or None

    # --- what the code says ---

    @cached_property
    def _looked_at(self) -> list[Candidate | Left]:
        return list(candidates(self.project, self.sources, self.planner.scope))

    @cached_property
    def _own(self) -> dict[int, Candidate]:
        """The candidates by load, as their own code has it."""
        return {one.load.index: one for one in self._looked_at if isinstance(one, Candidate)}

    @cached_property
    def _candidates(self) -> dict[int, Candidate]:
        """The candidates, those of the side that gives way as the other side has it."""
        kept = {i: one for i, one in self._own.items() if i not in self._giving_way}
        followers = (one for one in self._giving_way.values() if isinstance(one, Candidate))
        return {**kept, **{one.load.index: one for one in followers}}

    @cached_property
    def _giving_way(self) -> dict[int, Candidate | Left]:
        """The loads of the side that is wrong, to be pinned as the other side is."""
        found: dict[int, Candidate | Left] = {}
        for pair in self._disagreements if self.planner.prefer else ():
            right, wrong = pair.train, pair.infer
            if self.planner.prefer == "infer":
                right, wrong = wrong, right
            ask = self._ask(right)
            for load in self._companions(wrong) if ask is not None else ():
                if ask is not None and self.planner.scope.reports(load.site.path):
                    reason = why_not(self.project, load, (ask.repo,))
                    follows = Candidate(load, ask, _commit(load))
                    found[load.index] = Left(load, reason, grave=True) if reason else follows
        return found

    def _companions(self, side: Load) -> Iterator[Load]:
        """The loads that go with one side: of the same repository, at the same revision."""
        for load in self.project.loads_in(side.site.path):
            alike = same(load.site.repo_id, side.site.repo_id)
            if load.index == side.index or (alike and load.site.revision == side.site.revision):
                yield load

    # --- two sides ---

    @cached_property
    def _disagreements(self) -> list[Pair]:
        """The pairs whose sides ask for what is not, or may not be, one commit."""
        return [pair for pair in pairs_of(self.project) if self._disagree(pair)]

    def _disagree(self, pair: Pair) -> bool:
        train, infer = pair.train, pair.infer
        if not same(train.site.repo_id, infer.site.repo_id) or train.index == infer.index:
            return False
        if compare(train.site.revision, infer.site.revision) != "different":
            return False
        one, other = self._stands_at(train), self._stands_at(infer)
        return one is None or one != other

    def _stands_at(self, load: Load) -> str | None:
        ask = self._ask(load)
        answer = self._first_answers.get(ask) if ask is not None else None
        return answer.commit if isinstance(answer, Found) else None

    def _ask(self, load: Load) -> Ask | None:
        own = self._own.get(load.index)
        if own is not None:
            return own.ask
        repos, commit = repos_of(self.project, load), _commit(load)
        return Ask(repos[0], commit) if len(repos) == 1 and commit else None

    @cached_property
    def _torn(self) -> dict[int, Left]:
        """The loads of pairs that disagree, where nobody has said which side is right."""
        found: dict[int, Left] = {}
        for pair in self._disagreements:
            if self.planner.prefer is None:
                for side in (pair.train, pair.infer):
                    for load in self._companions(side):
                        if self.planner.scope.reports(load.site.path):
                            found[load.index] = Left(load, _choice(pair), grave=True)
            elif pair.train.index in self._giving_way and pair.infer.index in self._giving_way:
                load = pair.train if self.planner.prefer == "infer" else pair.infer
                found[load.index] = Left(load, _choice(pair), grave=True)
        return found

    # --- answers ---

    @cached_property
    def _first_answers(self) -> Mapping[Ask, Answer]:
        asked = {one.ask for one in self._own.values()}
        asked |= {ask for pair in pairs_of(self.project) for side in (pair.train, pair.infer)
                  if (ask := self._ask(side)) is not None}  # fmt: skip
        open_ = {ask for ask in asked if not is_commit(ask.ref)}
        commits = {ask: Found(ask.ref, "cache") for ask in asked - open_}
        return {**resolve(open_, self.planner.places), **commits}

    def _answer(self, ask: Ask) -> Answer:
        return self._first_answers[ask]

    def _objection(self, one: Candidate, answer: Found) -> str:
        """What the lock has against a commit; "" where it has nothing."""
        held = self.project.locked_for(one.load.site.path)
        if not self.planner.heed_locks or held is None or answer.origin == "lock":
            return ""
        ((_, locked),) = LockedCommits([held.facts.lock]).answers([one.ask])
        if isinstance(locked, Failure) or locked.commit == answer.commit:
            return ""
        return (
            f"{held.path} holds {locked.commit[:12]} for {one.ask.ref}, which now stands at"
            f" {answer.commit[:12]}: say which with --from-lock or --upgrade"
        )


NO_PLACE = "there is no place in the code where its revision could be written"


def _commit(load: Load) -> str:
    """The commit that a load names, or ""."""
    found = only(load.site.revision)
    is_given = isinstance(load.site.revision, Known) and isinstance(found, str)
    return str(found) if is_given and is_commit(str(found)) else ""


def _choice(pair: Pair) -> str:
    train, infer = pair.train, pair.infer
    return (
        f"it is trained on at {wording.revision(train.site.revision)} ({train.place}) and loaded"
        f" for inference at {wording.revision(infer.site.revision)} ({infer.place}): say which is"
        " right with --prefer train or --prefer infer"
    )


def lonely(project: Project, commits: Mapping[int, str]) -> dict[int, str]:
    """The loads (of those that are to get a commit) that must not, with the reasons.

    A pin that is taken back may leave that of another pair alone, so this goes on until all fit.
    """
    found: dict[int, str] = {}
    pairs = [pair for pair in pairs_of(project) if _is_of_one_model(pair)]
    while True:
        kept = {index: commit for index, commit in commits.items() if index not in found}
        fresh = {index: reason for pair in pairs for index, reason in _parted(pair, kept)}
        if not fresh:
            return found
        found |= fresh


def _is_of_one_model(pair: Pair) -> bool:
    train, infer = pair.train, pair.infer
    return train.index != infer.index and same(train.site.repo_id, infer.site.repo_id)


def _parted(pair: Pair, commits: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    """The side of a pair that would get a commit that the other side does not have."""
    train, infer = pair.train, pair.infer
    if compare(train.site.revision, infer.site.revision) != "same":
        return
    for one, other in ((train, infer), (infer, train)):
        commit = commits.get(one.index)
        if commit is not None and other.index not in commits and not _is_at(other, commit):
            yield one.index, f"{other.place}, the other side of its pair, cannot be pinned"


def _is_at(load: Load, commit: str) -> bool:
    return load.site.revision == Known(commit)


def is_older(note: Note | None, answer: Found) -> bool:
    """Whether a noted pin was made after the answer was last looked up: it would move back."""
    if note is None or answer.told is None or answer.origin != "cache":
        return False
    return datetime.fromtimestamp(answer.told, timezone.utc).strftime("%Y-%m-%d") < note.date


def unclear(pinned: Ask | None, answer: Found, places: Sequence[Place]) -> str:
    """Why an answer may not be newer than a pinned commit of which no comment speaks, or ""."""
    if pinned is None or answer.origin != "cache":
        return ""
    known = resolve([pinned], places)[pinned]
    since = known.since if isinstance(known, Found) else None
    if since is not None and answer.told is not None and since <= answer.told:
        return ""
    return (
        f"no comment says when {pinned.ref[:12]} was pinned, and the local cache does not say"
        f" whether {answer.commit[:12]} is newer: --online asks the Hub"
    )


_UNITS = {"h": 3600, "d": 86_400, "w": 604_800}


def duration(text: str) -> float:
    """`7d`, `12h` or `2w` in seconds; ValueError for anything else."""
    match = re.fullmatch(r"(\d{1,4})([hdw])", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no age: write 12h, 7d or 2w")
    return float(match[1]) * _UNITS[match[2]]


class OldEnough:
    """A place whose answers count only if the commit certainly existed at some time."""

    def __init__(self, place: Place, limit: float) -> None:
        self._place = place
        self._limit = limit

    def answers(self, asked: Sequence[Ask]) -> Iterator[tuple[Ask, Answer]]:
        """The answers of the place behind this one, the young ones turned down."""
        for ask, answer in self._place.answers(asked):
            young = isinstance(answer, Found) and (answer.since or 0.0) > self._limit
            unknown = isinstance(answer, Found) and answer.since is None
            if young or unknown:
                why = "it may be younger than --min-age: only the Hub knows when it was made"
                yield ask, Failure(f"{ask.repo} at {ask.ref!r}: {why}")
            else:
                yield ask, answer
