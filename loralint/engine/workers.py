"""The map of sources to facts: here, in a pool of processes, or on a Dask cluster.

Facts travel and are stored serialised. Sources go out in batches, a few at a time, so that a
large tree never lies in memory as a whole.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from loralint.facts import FileError, FileFacts
from loralint.read import extract
from loralint.source import START, Source
from loralint.version import __version__

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

BATCH = 50_000
"""Bytes of source that go to a worker at once: about a fifth of a second of work."""

WORTH_A_POOL = 300_000
"""Bytes of source below which starting processes costs more than it saves."""

START_METHOD = "fork" if sys.platform == "linux" else "spawn"
"""A forked process starts at once; elsewhere than on Linux forking is not safe."""

Sources = Iterable[Source]
Mapper = Callable[[Sources], Iterator[bytes]]
"""Serialised facts, in the order of the sources."""


class SchedulerError(Exception):
    """The cluster cannot be used; the message says what to do."""


class _Future(Protocol):
    def result(self) -> Any: ...


def mapper(size: int, jobs: int | None, scheduler: str | None) -> Mapper:
    """How to extract sources of this size in total."""
    if scheduler is not None:
        return lambda sources: _on_cluster(sources, scheduler)
    count = jobs or _processors()
    if count > 1 and (size >= (WORTH_A_POOL if jobs is None else BATCH)):
        return lambda sources: _in_processes(sources, count)
    return lambda sources: map(serialised, sources)


def serialised(source: Source) -> bytes:
    """The facts of one file. Whatever goes wrong with it is its own error, and nobody else's."""
    try:
        return msgspec.msgpack.encode(extract(source))
    except RecursionError:
        return _failed(source, "its expressions are nested too deeply")
    except Exception as error:
        if os.environ.get("LORALINT_TRACEBACK"):
            raise
        return _failed(source, f"loralint failed on it, please report this: {error!r}")


def _failed(source: Source, message: str) -> bytes:
    error = FileError(message, START)
    return msgspec.msgpack.encode(FileFacts(path=source.path, error=error))


def _batch(sources: list[Source]) -> list[bytes]:
    return [serialised(source) for source in sources]


def _batches(sources: Sources) -> Iterator[list[Source]]:
    batch: list[Source] = []
    size = 0
    for source in sources:
        batch.append(source)
        size += len(source.content)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _windowed(
    submit: Callable[[list[Source]], _Future], sources: Sources, width: int
) -> Iterator[bytes]:
    """Results in order, with no more than `width` batches under way."""
    pending: deque[_Future] = deque()
    for batch in _batches(sources):
        pending.append(submit(batch))
        if len(pending) >= width:
            yield from pending.popleft().result()
    while pending:
        yield from pending.popleft().result()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(
    function: Callable[[_Item], _Result], items: Sequence[_Item], size: int, jobs: int | None
) -> Iterator[_Result]:
    """The results of a function, in order, made in processes where `size` bytes are worth them."""
    count = jobs or _processors()
    pool = _pool(count) if count > 1 and size >= WORTH_A_POOL else None
    if pool is None:
        yield from map(function, items)
        return
    with pool:
        yield from pool.map(function, items, chunksize=max(1, len(items) // (8 * count)))


def _in_processes(sources: Sources, count: int) -> Iterator[bytes]:
    pool = _pool(count)
    if pool is None:
        yield from map(serialised, sources)
        return
    with pool:
        yield from _windowed(lambda batch: pool.submit(_batch, batch), sources, 3 * count)


def _pool(count: int) -> ProcessPoolExecutor | None:
    """Processes to work in; None in a sandbox without semaphores."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    try:
        return ProcessPoolExecutor(
            count,
            mp_context=get_context(START_METHOD),
            initializer=_end_with,
            initargs=(os.getpid(),),
        )
    except (ImportError, NotImplementedError, OSError):
        return None


_LOOKS_AFTER = 0.5
"""Seconds after which a worker looks whether its parent is still there."""


def _end_with(parent: int) -> None:
    """End this process soon after its parent: killed or terminated, that one cannot tell it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOKS_AFTER)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _on_cluster(sources: Sources, address: str) -> Iterator[bytes]:
    with _client(address) as client:
        width = 3 * _threads(client, address)
        yield from _windowed(lambda batch: client.submit(_batch, batch, pure=False), sources, width)


def _client(address: str) -> Any:
    try:
        connect = import_module("distributed").Client
    except ImportError:
        raise SchedulerError(
            "--scheduler needs Dask: install it with `pip install 'loralint[dask]'`"
        ) from None
    try:
        return connect(address, timeout="20s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise SchedulerError(f"no Dask scheduler answers at {address}: {error}") from error


def _threads(client: Any, address: str) -> int:
    """How many threads the cluster has, all of them with this very loralint."""
    threads = client.nthreads()
    if not threads:
        raise SchedulerError(f"the Dask scheduler at {address} has no workers")
    for worker, found in client.run(_release, on_error="return").items():
        if found != __version__:
            raise SchedulerError(
                f"the Dask worker {worker} does not have this loralint ({found}): "
                f"install loralint {__version__} there"
            )
    return sum(threads.values())


def _release() -> str:
    return __version__
