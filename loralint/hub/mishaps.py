"""What went wrong at the Hub, in words that help, and whether it may pass."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from loralint.hub import Ask

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
