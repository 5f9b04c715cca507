"""The Hub itself, through huggingface_hub: imported only when somebody asks for the network.

Tokens are huggingface_hub's business: none is read here, and no message of an exception is passed
on, only what we know its kind to mean. An endpoint that a project's settings name gets no token:
whoever checks out a project does not thereby send their token where it likes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

from loralint import __version__
from loralint.hub import MAIN, Answer, Ask, Failure, Found, Repo, is_commit
from loralint.hub.files import named, part_of
from loralint.hub.mishaps import Mishap, mishap

_T = TypeVar("_T")


class HubUnavailable(Exception):
    """The network cannot be used at all; says what to do."""


@dataclass(frozen=True)
class Patience:
    """How long one question may take, in seconds, and how often it is asked again."""

    request: float = 10.0
    question: float = 60.0
    longest_wait: float = 30.0
    attempts: int = 4
    first_pause: float = 0.5
    at_once: int = 8
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)


@dataclass(frozen=True)
class Endpoint:
    """Which Hub is asked. `url` is None for huggingface_hub's own choice (HF_ENDPOINT)."""

    url: str | None = None
    trusted: bool = True

    @staticmethod
    def chosen(environment: Mapping[str, str], setting: str | None) -> Endpoint:
        """The environment's, which its user trusts with a token, or else the project's."""
        if environment.get("HF_ENDPOINT") or not setting:
            return Endpoint()
        return Endpoint(setting.rstrip("/"), trusted=False)


class Hub:
    """Answers from the Hub, for a few questions at once."""

    def __init__(
        self,
        endpoint: Endpoint,
        patience: Patience | None = None,
        *,
        not_after: float | None = None,
    ) -> None:
        self._patience = patience or Patience()
        self._not_after = not_after
        self._api = _client(endpoint)

    def answers(self, asked: Sequence[Ask]) -> Iterator[tuple[Ask, Answer]]:
        """What the Hub says today, or said until `not_after` (seconds since 1970)."""
        for first in range(0, len(asked), self._patience.at_once):
            some = asked[first : first + self._patience.at_once]
            yield from zip(some, self._together([self._question(ask) for ask in some]), strict=True)

    def files(self, repo: Repo, commit: str) -> dict[str, str] | Failure:
        """The hashes of the files of a commit that matter."""
        found = next(iter(self.answers([Ask(repo, commit)])))[1]
        return dict(found.files) if isinstance(found, Found) else found

    # --- one question ---

    def _question(self, ask: Ask) -> Callable[[], Answer]:
        return lambda: self._answer(ask)

    def _together(self, questions: Sequence[Callable[[], Answer]]) -> list[Answer]:
        """The answers; a question that hangs is left behind, and keeps nobody from ending."""
        answers: list[Answer | None] = [None] * len(questions)

        def put(position: int) -> None:
            answers[position] = questions[position]()

        threads = [Thread(target=put, args=(i,), daemon=True) for i in range(len(questions))]
        for thread in threads:
            thread.start()
        end = time.monotonic() + self._patience.question
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        late = Failure(f"the Hub gave no answer within {self._patience.question:g} s")
        return [answer or late for answer in answers]

    def _answer(self, ask: Ask) -> Answer:
        for attempt in range(self._patience.attempts):
            try:
                return self._found(ask)
            except Exception as error:
                trouble = mishap(error, ask)
            pause = self._pause(trouble, attempt)
            if pause is None:
                break
            self._patience.sleep(pause)
        return Failure(trouble.reason)

    def _pause(self, trouble: Mishap, attempt: int) -> float | None:
        """How long to wait before asking again; None where that is of no use."""
        if not trouble.passing or attempt + 1 == self._patience.attempts:
            return None
        if trouble.wait is None:
            return self._patience.first_pause * 2.0**attempt
        return trouble.wait if trouble.wait <= self._patience.longest_wait else None

    def _found(self, ask: Ask) -> Answer:
        ref = ask.ref if self._not_after is None or is_commit(ask.ref) else self._older(ask)
        if ref is None:
            return Failure(f"{ask.repo} has no commit at {ask.ref!r} that is old enough")
        info = self._api.repo_info(
            ask.repo.id,
            repo_type=ask.repo.type,
            revision=None if ref == MAIN else ref,
            timeout=self._patience.request,
            files_metadata=True,
        )
        commit = getattr(info, "sha", None)
        if not isinstance(commit, str) or not is_commit(commit):
            return Failure("the Hub's answer names no commit")
        return Found(commit, "hub", dict(_files(info.siblings or ())), _time(info.last_modified))

    def _older(self, ask: Ask) -> str | None:
        """The newest commit of a ref that is not younger than asked for."""
        revision = None if ask.ref == MAIN else ask.ref
        commits = self._api.list_repo_commits(
            ask.repo.id, repo_type=ask.repo.type, revision=revision
        )
        times = ((_time(each.created_at), str(each.commit_id)) for each in commits)
        limit = self._not_after or 0.0
        return next((commit for at, commit in times if at is not None and at <= limit), None)


def _client(endpoint: Endpoint) -> Any:
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise HubUnavailable(
            "--online needs huggingface_hub: `pip install 'loralint[hub]'`"
        ) from None
    if endpoint.url is not None and urlsplit(endpoint.url).scheme not in ("http", "https"):
        raise HubUnavailable("hub-endpoint must be an http or https address")
    return HfApi(
        endpoint=endpoint.url,
        token=None if endpoint.trusted else False,
        library_name="loralint",
        library_version=__version__,
    )


def _files(siblings: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for each in siblings:
        large = getattr(each, "lfs", None)
        digest = getattr(large, "sha256", None) if large is not None else each.blob_id
        hashed = named(str(digest))
        if hashed is not None and part_of(each.rfilename) is not None:
            yield str(each.rfilename), hashed


def _time(moment: object) -> float | None:
    if not isinstance(moment, datetime):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
