"""Whether `loralint verify` tells the truth about healthy adapters of all of PEFT's types.

    python benchmarks/verify/healthy.py [--folder FOLDER] [--jobs N] [--many N] [--only WORD]
                                        [--peft CHECKOUT] [--out FILE] [--ways WAY ...]

The configurations are those of PEFT's own tests, fetched for the installed version. Each is put on
a tiny random base, trained a few steps, saved, and loaded again by PEFT: what PEFT itself cannot
load without drift is no healthy adapter, and is counted apart. Then loralint is asked: with default
options, with nf4 asked for, with no quantisation, by `load_verified` and by `verify_loaded`.

FOLDER (/tmp/loralint-healthy) keeps bases and adapters, so that another version of loralint can be
asked about the same ones: set PYTHONPATH to its checkout. FILE gets a line of JSON for each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
LONGEST = 240
"""Seconds without a word of a worker, after which it counts as hanging."""


def main() -> int:
    """Make, ask, and print the tables."""
    given = _parser().parse_args()
    if given.worker:
        return _work(given)
    from adapters import suite
    from adapters.placing import jobs

    source = given.peft or suite.checkout(given.folder / "source")
    names = [job.name for job in jobs(suite.rows(source), given.many) if given.only in job.name]
    if given.first:
        wrong = _not_true(given.first)
        names.sort(key=lambda name: name not in wrong)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    done = _lines(given.out) if given.resume else {}
    if not given.resume:
        given.out.unlink(missing_ok=True)
    left = [name for name in names if name not in done]
    began = time.perf_counter()
    shares = [left[at :: given.jobs] for at in range(given.jobs)]
    _run_all(given, source, [share for share in shares if share])
    from adapters.tables import printed

    found = _lines(given.out)
    print(printed([found[name] for name in names if name in found]))
    print(f"{len(left)} asked in {time.perf_counter() - began:.0f} s, {given.jobs} at a time")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("/tmp/loralint-healthy"))
    parser.add_argument("--out", type=Path, default=Path("/tmp/loralint-healthy/said.jsonl"))
    parser.add_argument("--peft", type=Path, help="a checkout of PEFT, instead of fetching it")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--many", type=int, help="on how many bases each configuration goes")
    parser.add_argument("--only", default="", help="adapters with this in their name")
    parser.add_argument("--ways", nargs="*", help="ask only in these ways; none: only build")
    parser.add_argument("--resume", action="store_true", help="leave out what is in FILE")
    parser.add_argument("--first", type=Path, help="begin with what was not true in this FILE")
    parser.add_argument("--worker", nargs="?", const="-", help=argparse.SUPPRESS)
    return parser


def _lines(path: Path) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        return {}
    found = (json.loads(line) for line in path.read_text().splitlines())
    return {one["built"]["name"]: one for one in found}


def _not_true(path: Path) -> set[str]:
    """The adapters of which something false was said in an earlier run."""
    from adapters.tables import right

    lines = _lines(path).items()
    return {name for name, one in lines if not all(right(way, one) for way in one["said"])}


def _run_all(given: argparse.Namespace, source: Path, shares: list[list[str]]) -> None:
    """A worker for each share; one that dies or hangs is begun again behind what it died of."""
    running = [_Worker(given, source, share, at) for at, share in enumerate(shares)]
    while any(not one.finished for one in running):
        time.sleep(1)
        for one in running:
            one.look_after()


class _Worker:
    """A process that writes a line for each adapter of its share."""

    def __init__(self, given: argparse.Namespace, source: Path, share: list[str], at: int) -> None:
        self._given, self._source, self._left = given, source, share
        self._part = given.out.with_suffix(f".part{at}")
        self._log = given.out.with_suffix(f".log{at}")
        self._seen, self._heard = 0, time.monotonic()
        self.finished = False
        self._start()

    def _start(self) -> None:
        self._part.write_text("")
        self._seen, self._heard = 0, time.monotonic()
        wanted = self._part.with_name(f"{self._part.name}.names")
        wanted.write_text("\n".join(self._left))
        ways = [] if self._given.ways is None else ["--ways", *self._given.ways]
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, __file__, "--worker", str(wanted), "--out", str(self._part),
                 "--folder", str(self._given.folder), "--peft", str(self._source), *ways,
                 *(("--many", str(self._given.many)) if self._given.many else ())],
                stdout=log, stderr=log,
            )  # fmt: skip

    def look_after(self) -> None:
        if self.finished:
            return
        ended = self._process.poll()
        self._take()
        if not self._left:
            self._process.wait()
            self.finished = True
        elif ended is not None:
            self._give_up(f"the process ended with {ended}")
        elif time.monotonic() - self._heard > LONGEST:
            self._process.kill()
            self._process.wait()
            self._give_up(f"nothing was heard for {LONGEST} s")

    def _take(self) -> None:
        lines = [one for one in self._part.read_text().splitlines(keepends=True)
                 if one.endswith("\n")]  # fmt: skip
        for line in lines[self._seen :]:
            self._seen, self._heard = self._seen + 1, time.monotonic()
            self._left = self._left[1:]
            with self._given.out.open("a") as out:
                out.write(line)

    def _give_up(self, why: str) -> None:
        built = {"name": self._left[0], "kind": "?", "base": "", "trouble": why}
        with self._given.out.open("a") as out:
            out.write(json.dumps({"built": built, "said": {}, "lost": why}) + "\n")
        self._left = self._left[1:]
        self.finished = not self._left
        if self._left:
            self._start()


def _work(given: argparse.Namespace) -> int:
    """Build and ask what the file names, in its order."""
    import warnings

    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.simplefilter("ignore")
    from adapters import suite
    from adapters.asking import WAYS, ask
    from adapters.placing import jobs
    from adapters.training import build

    wanted = Path(given.worker).read_text().splitlines()
    known = {job.name: job for job in jobs(suite.rows(given.peft), given.many)}
    ways = WAYS if given.ways is None else given.ways
    with given.out.open("a", buffering=1) as out:
        parent = os.getppid()
        for name in wanted:
            if os.getppid() != parent:  # who would count what is written from now on is gone
                return 1
            built = build(known[name], given.folder)
            folder = given.folder / "adapters" / name
            said = {} if built.trouble else {
                way: asdict(ask(way, folder, built.base, built.task, given.folder)) for way in ways
            }  # fmt: skip
            out.write(json.dumps({"built": asdict(built), "said": said}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
