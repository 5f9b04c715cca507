"""The order of things: discover, extract, link, judge. Nothing else knows it.

A run whose inputs have not changed recalls its result and imports none of the parts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from loralint.cache import Cache, Entry, folder_of
from loralint.discovery.model_cache import cache_folder, state_of_cache
from loralint.engine.request import Outcome, Request
from loralint.read import FRONTEND_VERSION
from loralint.stamps import digest
from loralint.version import __version__

if TYPE_CHECKING:
    from loralint.engine.gathering import Gathered

PACKAGE = Path(__file__).parents[1]
JUDGING = frozenset(
    """cache catalog config discovery engine facts project read rules values""".split()
)
"""The packages that decide what is found; a cache made by other ones is not read."""


def check(request: Request) -> Outcome:
    """The findings of a project, recalled where nothing has changed since."""
    cache = _cache(request)
    recalled = cache.recall(_key(request)) if cache else None
    if recalled is not None:
        with suppress(msgspec.MsgspecError):
            return msgspec.msgpack.decode(recalled, type=Outcome)
    outcome, found = _judged(request, cache.facts() if cache else {})
    if cache:
        result = msgspec.msgpack.encode(outcome)
        entries = found.shelf.remembered()
        cache.store(_key(request), result, found.manifest, entries, found.began)
    return outcome


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
    if earlier is not None:
        return _judged(request, earlier.shelf.remembered())
    cache = _cache(request)
    return _judged(request, cache.facts() if cache else {})


def _judged(request: Request, known: Mapping[str, Entry]) -> tuple[Outcome, Gathered]:
    from loralint.config.selectors import enabled
    from loralint.engine.gathering import gather as gathered
    from loralint.engine.judge import judge
    from loralint.rules import RULES

    rules = enabled(request.config, RULES)  # before anything is read: it may be a typing error
    found = gathered(request, known)
    return judge(request, found, rules), found


def _cache(request: Request) -> Cache | None:
    """The project's cache; what is typed in has no stamp, so it goes without."""
    if not request.cached or request.typed:
        return None
    return Cache(request.root, version(), folder_of(request.root, request.cache_dir))


def _key(request: Request) -> str:
    """What a result depends on beside the files: the settings, and what was asked for."""
    scopes = [os.path.relpath(scope, request.root) for scope in request.scopes]
    asked = (
        request.config,
        scopes,
        request.targets,
        request.honour_ignores,
        os.fspath(cache_folder()),
        state_of_cache(),
    )
    return digest(repr(asked).encode(errors="surrogateescape")).hex()


def version() -> str:
    """The release and, as a working copy changes without one, the stamps of its modules."""
    modules = "\0".join(_modules(PACKAGE, JUDGING))
    return digest(f"{__version__} {FRONTEND_VERSION} {modules}".encode()).hex()


def _modules(folder: Path, inside: frozenset[str] | None = None) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:  # in a zip file: the release alone has to do
        return
    for entry in entries:
        if entry.is_dir():
            if entry.name in (inside or (entry.name,)) and entry.name != "__pycache__":
                yield from _modules(Path(entry.path))
        elif entry.name.endswith(".py"):
            status = entry.stat()
            yield f"{entry.name} {status.st_mtime_ns} {status.st_size}"


__all__ = ["Outcome", "Request", "check", "gather", "recheck"]
