"""Mutated files of every kind through loralint's front ends, in processes that may die.

    python benchmarks/fuzz/fuzz.py --count 200000 --seed 1 [--kind yaml] [--jobs 2] [--save FOLDER]

Every input is written to a file before it is read, so that it is there after a crash. An input
has 5 seconds and may add 300 MB to its process. Ends with 1 where anything was found; the inputs
lie in the folder of --save, named after what they did. An input is a function of seed and number
alone: `--only yaml:123` runs just that one again.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from random import Random

import msgspec
from mutate import mutated
from seeds import SEEDS

from loralint.read import extract
from loralint.source import Source, SourceKind

SECONDS = 5
MEGABYTES = 300
BATCH = 250
_FORK = get_context("fork")

Task = tuple[str, int, int, int]
"""Kind, seed, and the numbers of the first input and of the first after the last."""


def made(kind: str, seed: int, number: int) -> tuple[str, SourceKind, bytes]:
    """One input: its path, what it is, and its bytes."""
    random = Random(f"{seed}:{kind}:{number}")
    path, source_kind, content = random.choice(SEEDS[kind])
    return path, source_kind, mutated(random, content)


def peak() -> int:
    """The most memory that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def run(kind: str, seed: int, number: int) -> str:
    """What one input does: "" or what is wrong with it."""
    path, source_kind, content = made(kind, seed, number)
    before, began = peak(), time.process_time()
    try:
        msgspec.msgpack.encode(extract(Source(path, source_kind, content)))
    except Exception:
        return traceback.format_exc(limit=-3)
    if time.process_time() - began > SECONDS:
        return f"hang: {time.process_time() - began:.1f} s"
    grown = peak() - before
    return f"memory: {grown} MB" if grown > MEGABYTES else ""


def work(task: Task, connection: Connection) -> None:
    """One process's batch: says which input comes next, and what it did."""
    kind, seed, first, last = task
    faulthandler.disable()
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    for number in range(first, last):
        signal.setitimer(signal.ITIMER_VIRTUAL, 2 * SECONDS)  # what hangs is ended from outside
        connection.send((number, None))
        connection.send((number, run(kind, seed, number)))
    connection.close()


class Worker:
    """A process and the input that it is at."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.at = task[2]
        self.connection, theirs = _FORK.Pipe(duplex=False)
        self.process = _FORK.Process(target=work, args=(task, theirs))
        self.process.start()
        theirs.close()

    def rest(self) -> Task:
        """What is left to do after the input that ended the process."""
        return (self.task[0], self.task[1], self.at + 1, self.task[3])


class Fuzz:
    """All batches, a few processes at a time."""

    def __init__(self, tasks: list[Task], jobs: int, save: Path) -> None:
        self.tasks = tasks
        self.jobs = jobs
        self.save = save
        self.done: Counter[str] = Counter()
        self.bad: Counter[str] = Counter()

    def run(self) -> None:
        """Run everything; a process that dies is replaced."""
        workers: dict[Connection, Worker] = {}
        while self.tasks or workers:
            while self.tasks and len(workers) < self.jobs:
                worker = Worker(self.tasks.pop())
                workers[worker.connection] = worker
            for ready in wait(list(workers)):
                assert isinstance(ready, Connection)
                if not self.hear(workers[ready]):
                    self.end(workers.pop(ready))

    def hear(self, worker: Worker) -> bool:
        """Take one message; False at the end of the process."""
        try:
            number, problem = worker.connection.recv()
        except (EOFError, OSError):
            return False
        worker.at = number
        if problem is not None:
            self.done[worker.task[0]] += 1
            if problem:
                self.report(worker, problem)
        return True

    def end(self, worker: Worker) -> None:
        worker.connection.close()
        worker.process.join()
        code = worker.process.exitcode or 0
        if code:
            self.done[worker.task[0]] += 1
            hung = code == -signal.SIGVTALRM
            self.report(worker, f"hang: {2 * SECONDS} s" if hung else f"crash: ended with {code}")
            if worker.at + 1 < worker.task[3]:
                self.tasks.append(worker.rest())

    def report(self, worker: Worker, problem: str) -> None:
        kind, seed, number = worker.task[0], worker.task[1], worker.at
        self.bad[kind] += 1
        self.save.mkdir(parents=True, exist_ok=True)
        path, _, content = made(kind, seed, number)
        (self.save / f"{kind}-{seed}-{number}-{path.replace('/', '_')}").write_bytes(content)
        print(f"{kind}:{number} (seed {seed}): {problem.strip()}", flush=True)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Fuzz loralint's front ends.")
    parser.add_argument("--count", type=int, default=20_000, help="inputs in total")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=sorted(SEEDS), action="append")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", metavar="KIND:NUMBER", help="run one input, in this process")
    parser.add_argument("--save", type=Path, default=Path("fuzz-findings"))
    options = parser.parse_args()
    if options.only:
        kind, _, number = options.only.partition(":")
        print(run(kind, options.seed, int(number)) or "fine")
        return 0
    for kind in SEEDS:  # what is imported late is imported once
        path, source_kind, content = SEEDS[kind][0]
        extract(Source(path, source_kind, content))
    kinds = options.kind or list(SEEDS)
    each = -(-options.count // len(kinds))
    starts = range(0, each, BATCH)
    tasks = [(k, options.seed, s, min(s + BATCH, each)) for s in reversed(starts) for k in kinds]
    fuzz, began = Fuzz(tasks, options.jobs, options.save), time.monotonic()
    fuzz.run()
    print(f"{sum(fuzz.done.values())} inputs in {time.monotonic() - began:.0f} s", file=sys.stderr)
    for kind in kinds:
        print(f"{kind:14}{fuzz.done[kind]:8} inputs {fuzz.bad[kind]:5} bad")
    return 1 if fuzz.bad else 0


if __name__ == "__main__":
    os.environ["PYTHONWARNINGS"] = "ignore"
    sys.exit(main())
