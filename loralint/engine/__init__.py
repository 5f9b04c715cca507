"""The order of things: discover, extract, link, judge. Nothing else knows it.

A run whose inputs have not changed recalls its result and imports none of the parts.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from loralint.cache import Cache
from loralint.engine.outcome import Outcome, Request
from loralint.engine.version import version
from loralint.stamps import digest

if TYPE_CHECKING:
    from loralint.engine.gathering import Gathered


def check(request: Request) -> Outcome:
    """The findings of a project, recalled where nothing has changed since."""
    cache = _cache(request)
    recalled = cache.recall(_key(request)) if cache else None
    if recalled is not None:
        with suppress(msgspec.MsgspecError):
            return msgspec.msgpack.decode(recalled, type=Outcome)
    return _judged(request, cache)


def gather(request: Request) -> Gathered:
    """The linked project itself, for the commands that show it."""
    from loralint.engine.gathering import gather as gathered

    cache = _cache(request)
    found = gathered(request, cache.facts() if cache else {})
    if cache:
        cache.store_facts(found.shelf.remembered(), found.began)
    return found


def recheck(request: Request, earlier: Gathered | None = None) -> tuple[Outcome, Gathered]:
    """The findings with the project that they were found in, while files change in memory.

    What an earlier run has read of the same project is not read again. Nothing is kept: what
    the overlay holds may never be written.
    """
    from loralint.engine.gathering import gather as gathered
    from loralint.engine.judge import judge
    from loralint.engine.selection import enabled
    from loralint.rules import RULES

    rules = enabled(request.config, RULES)
    cache = _cache(request) if earlier is None else None
    known = earlier.shelf.remembered() if earlier else cache.facts() if cache else {}
    found = gathered(request, known)
    return judge(request, found, rules), found


def _judged(request: Request, cache: Cache | None) -> Outcome:
    from loralint.engine.gathering import gather as gathered
    from loralint.engine.judge import judge
    from loralint.engine.selection import enabled
    from loralint.rules import RULES

    rules = enabled(request.config, RULES)  # before anything is read: it may be a typing error
    found = gathered(request, cache.facts() if cache else {})
    outcome = judge(request, found, rules)
    if cache:
        result = msgspec.msgpack.encode(outcome)
        entries = found.shelf.remembered()
        cache.store(_key(request), result, found.manifest, entries, found.began)
    return outcome


def _cache(request: Request) -> Cache | None:
    """The project's cache; what is typed in has no stamp, so it goes without."""
    return Cache(request.root, version()) if request.cached and not request.typed else None


def _key(request: Request) -> str:
    """What a result depends on beside the files: the settings, and what was asked for."""
    scopes = [os.path.relpath(scope, request.root) for scope in request.scopes]
    asked = (request.config, scopes, request.targets, request.honour_ignores)
    return digest(repr(asked).encode(errors="surrogateescape")).hex()


__all__ = ["Outcome", "Request", "check", "gather", "recheck"]
