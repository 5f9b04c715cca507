"""Runs loralint and Bandit on the work trees that the accuracy benchmarks read.

A work tree of owner/name lies in `<folder>/owner+name`; README.md says how to get them. Nothing
here is run by itself: score.py and score_pairs.py use it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

HERE = Path(__file__).parent
# 0: nothing found, 1: findings, 3: no file that loralint reads.
ANSWERED = (0, 1, 3)
LIMIT = 900

Row = dict[str, Any]
Result = TypeVar("Result")


class NoAnswer(Exception):
    """The program failed on a work tree; the text says how."""


@dataclass(frozen=True)
class Trees:
    """The folder of work trees, and the folder in which answers are kept (None: nowhere)."""

    folder: Path
    answers: Path | None = None

    def path(self, repo: str) -> Path:
        return self.folder / repo.replace("/", "+")

    def loralint(self, repo: str, command: str, *options: str) -> list[Row]:
        """What `loralint COMMAND --output-format json` says at the root of a repository."""
        words = ["loralint", command, "--isolated", "--no-cache", "--output-format", "json"]
        return self._asked(repo, "".join((command, *options)), [*words, *options])

    def bandit(self, repo: str, files: Iterable[str]) -> list[Row]:
        """What Bandit's B615 finds in some files of a repository."""
        words = ["bandit", "-q", "-r", "-t", "B615", "-f", "json", *sorted(files)]
        answer: Any = self._asked(repo, "bandit", words)
        return list(answer["results"]) if answer else []

    def _asked(self, repo: str, name: str, words: Sequence[str]) -> Any:
        kept = self.answers / f"{repo.replace('/', '+')}.{name}.json" if self.answers else None
        if kept is not None and kept.exists():
            return json.loads(kept.read_text(encoding="utf-8"))
        answer = run(words, self.path(repo))
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(answer), encoding="utf-8")
        return answer


def run(words: Sequence[str], folder: Path) -> Any:
    """The JSON that `python -m WORDS` prints in a folder.

    PYTHONSAFEPATH keeps the folder off the module path: a `queue.py` or `yaml.py` of a repository
    would otherwise be imported in the place of the real one.
    """
    if not folder.is_dir():
        raise NoAnswer(f"there is no {folder}")
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if done.returncode not in ANSWERED:
        raise NoAnswer(f"exit code {done.returncode}: {done.stderr.strip()[:300]}")
    return json.loads(done.stdout) if done.stdout.strip() else []


def rows(path: Path) -> list[Row]:
    """The objects of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def for_each(
    repos: Iterable[str], work: Callable[[str], Result], jobs: int
) -> dict[str, Result | NoAnswer]:
    """Does the work for each repository, some at a time; a failure is an answer as well."""

    def guarded(repo: str) -> Result | NoAnswer:
        try:
            return work(repo)
        except (NoAnswer, subprocess.TimeoutExpired) as error:
            return NoAnswer(str(error))

    names = sorted(set(repos))
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        return dict(zip(names, pool.map(guarded, names), strict=True))


def arguments(description: str) -> argparse.ArgumentParser:
    """The options that all accuracy benchmarks share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("trees", type=Path, help="folder that holds the owner+name work trees")
    parser.add_argument("--only", nargs="+", metavar="OWNER/NAME", help="score only these")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--answers",
        type=Path,
        help="keep loralint's answers here, and use those that are there (delete it when "
        "loralint has changed)",
    )
    return parser


def wanted(labels: Iterable[Row], only: Sequence[str] | None) -> list[Row]:
    """The labels of the repositories that were asked for."""
    return [label for label in labels if not only or label["repo"] in only]


def share(part: int, whole: int) -> str:
    """A share as people read it: `96 of 100 (96.0 %)`."""
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "0 of 0"
