"""Names → commits: the local Hub cache, the lock file, and the Hub itself where that is allowed.

The one place with network code, in `online`; nothing else here opens a connection, and nothing at
all imports huggingface_hub unless the network was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from loralint.lockfile import RepoType
from loralint.refs import DEFAULT_BRANCHES, is_commit

Origin: TypeAlias = str
"""Who has answered: `cache`, `lock`, `hub`, or the address of another Hub."""

MAIN = "main"


@dataclass(frozen=True, slots=True, order=True)
class Repo:
    """A repository of the Hub."""

    id: str
    type: RepoType = "model"

    def __str__(self) -> str:
        return self.id if self.type == "model" else f"{self.type}s/{self.id}"


@dataclass(frozen=True, slots=True, order=True)
class Ask:
    """A question: at which commit does `ref` of a repository stand?

    `ref` is a branch, tag or `refs/pr/N`, a full commit, or the beginning of one.
    """

    repo: Repo
    ref: str = MAIN

    def __str__(self) -> str:
        return f"{self.repo}@{self.ref}"


@dataclass(frozen=True, slots=True)
class Found:
    """An answer; `files` maps names to hashes as the lock file has them, as far as known.

    `since` is the time (seconds since 1970) since when the commit has certainly existed, or None;
    `told` is when it was last looked up, where that is not now. `ref` is what it stands for where
    that is not what was asked for.
    """

    commit: str
    origin: Origin
    files: Mapping[str, str] = field(default_factory=dict)
    since: float | None = None
    told: float | None = None
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer, in words; never with a token in them."""

    reason: str


Answer: TypeAlias = Found | Failure


class Place(Protocol):
    """Where answers come from."""

    def answers(self, asked: Sequence[Ask]) -> Iterable[tuple[Ask, Answer]]:
        """An answer for each question; one that fails takes nothing from the others."""
        ...


def plain(ref: object) -> str:
    """The name of a ref: whatever means the default branch is `main`."""
    return MAIN if ref is None or ref in DEFAULT_BRANCHES else str(ref)


def resolve(asked: Iterable[Ask], places: Sequence[Place]) -> dict[Ask, Answer]:
    """The answers to all questions: the first place that knows one is believed.

    A question that no place can answer keeps all their reasons.
    """
    found: dict[Ask, Answer] = {}
    reasons: dict[Ask, list[str]] = {ask: [] for ask in sorted(set(asked))}
    for place in places:
        for ask, answer in place.answers([ask for ask in reasons if ask not in found]):
            if isinstance(answer, Found):
                found[ask] = answer
            else:
                reasons[ask].append(answer.reason)
    failed = {
        ask: Failure("; ".join(dict.fromkeys(said)))
        for ask, said in reasons.items()
        if ask not in found
    }
    return {**found, **failed}


def failures(answers: Mapping[Ask, Answer]) -> Iterator[tuple[Ask, str]]:
    """The questions without an answer, with the reasons."""
    for ask, answer in sorted(answers.items()):
        if isinstance(answer, Failure):
            yield ask, answer.reason


__all__ = [
    "MAIN", "Answer", "Ask", "Failure", "Found", "Origin", "Place", "Repo", "failures",
    "is_commit", "plain", "resolve",
]  # fmt: skip
