"""Whether a pin may move to where the local cache has its ref: never back in time.

The cache's file for a ref says when that was looked up. A pin that is noted with a day is compared
with it by that day; one that only the lock file explains by when its commit came into the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from loralint.hub import Ask, Found, Place, resolve
from loralint.hub.comments import Note


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
