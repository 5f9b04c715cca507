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
from email.utils import parsedate_to_datetime
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

from loralint.hub import MAIN, Answer, Ask, Failure, Found, Repo, is_commit
from loralint.hub.cache import named, part_of
from loralint.version import __version__

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

    named: bool = True

    @staticmethod
    def chosen(
        environment: Mapping[str, str], setting: str | None, typed: str | None = None
    ) -> Endpoint:
        """The one that was typed, the environment's, which its user trusts with a token, or else
        the project's; one that nobody but the project has `named` writes no pin and no lock.
        """
        if typed is not None:
            return Endpoint(typed.rstrip("/"), trusted=False)
        if environment.get("HF_ENDPOINT") or not setting:
            return Endpoint()
        return Endpoint(setting.rstrip("/"), trusted=False, named=False)


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
        self.name = "hub" if endpoint.url is None else endpoint.url

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
        return Found(
            commit, self.name, dict(_files(info.siblings or ())), _time(info.last_modified)
        )

    def _older(self, ask: Ask) -> str | None:
        """The newest commit of a ref that is not younger than asked for."""
        revision = None if ask.ref == MAIN else ask.ref
        commits = self._api.list_repo_commits(
            ask.repo.id, repo_type=ask.repo.type, revision=revision
        )
        times = ((_time(each.created_at), str(each.commit_id)) for each in commits)
        limit = self._not_after or 0.0
        return next((commit for at, commit in times if at is not None and at <= limit), None)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # `http://[::1`
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _client(endpoint: Endpoint) -> Any:
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise HubUnavailable(
            "--online needs huggingface_hub: `pip install 'loralint[hub]'`"
        ) from None
    if endpoint.url is not None and not _is_address(endpoint.url):
        raise HubUnavailable(f"the endpoint {endpoint.url} must be an http or https address")
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


LOG_IN = "log in with `hf auth login`"


@dataclass(frozen=True, slots=True)
class Mishap:
    """A failure: `passing` ones are worth another attempt, after `wait` seconds if it says so."""

    reason: str
    passing: bool = False
    wait: float | None = None


def mishap(error: Exception, ask: Ask) -> Mishap:
    """What an exception of huggingface_hub means; nothing of its text is passed on."""
    named = _by_name(error, ask)
    if named is not None:
        return named
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    return _by_status(status, response) if isinstance(status, int) else _by_kind(error)


def _by_kind(error: Exception) -> Mishap:
    """A mishap below HTTP."""
    kind = type(error).__name__
    if "JSONDecodeError" in kind:  # of whatever library: that of requests is an OSError too
        return Mishap("the Hub's answer makes no sense: it is no JSON")
    if isinstance(error, TimeoutError) or "Timeout" in kind:
        return Mishap("the Hub did not answer in time", passing=True)
    if isinstance(error, OSError) or _is_transport(error):
        return Mishap(f"the connection to the Hub failed ({kind})", passing=True)
    return Mishap(f"huggingface_hub failed with {kind}")


_KNOWN = (
    ("OfflineModeIsEnabled", "HF_HUB_OFFLINE is set: unset it, or leave out --online"),
    ("HFValidationError", "{id!r} is no name that the Hub takes"),
    ("GatedRepoError", f"{{repo}} is gated: ask for access on its page, then {LOG_IN}"),
    ("DisabledRepoError", "{repo} has been disabled on the Hub"),
    ("RevisionNotFoundError", "{repo} has no {ref!r} on the Hub"),
    ("RepositoryNotFoundError", f"{{repo}} is not on the Hub, or not for you to see: {LOG_IN}"),
)
"""Exceptions that say what is wrong by their class, the more special ones first."""


def _by_name(error: Exception, ask: Ask) -> Mishap | None:
    names = {each.__name__ for each in type(error).__mro__}
    said = next((text for name, text in _KNOWN if name in names), None)
    return Mishap(said.format(id=ask.repo.id, repo=ask.repo, ref=ask.ref)) if said else None


def _by_status(status: int, response: Any) -> Mishap:
    if status == 429:
        wait = _retry_after(response)
        later = f", for {wait:.0f} s" if wait is not None else ""
        return Mishap(f"the Hub asks for fewer questions (429){later}", passing=True, wait=wait)
    if status >= 500:
        return Mishap(
            f"the Hub is in trouble ({status})", passing=True, wait=_retry_after(response)
        )
    if status in (401, 403):
        return Mishap(f"the Hub refuses to answer ({status}): {LOG_IN}, or ask for access")
    return Mishap(f"the Hub answered {status}")


def _retry_after(response: Any) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or as a date."""
    text = str(response.headers.get("Retry-After", "")).strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _is_transport(error: Exception) -> bool:
    """Whether the error is one of the HTTP library's own (httpx, or requests before it)."""
    names = {each.__name__ for each in type(error).__mro__}
    return bool(names & {"TransportError", "RequestException", "HTTPError", "StreamError"})
