"""Saves what a checkout of loralint says of projects: all of its JSON, one file a project.

A snapshot is a folder:

    about.json          which checkout, and how it was run
    answers/NAME.json   exit codes, standard error and answers of every command
    costs/NAME.json     CPU and wall seconds and peak memory of the same

The answers of two runs of one version are the same bytes; costs never are.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

RUNNER = Path(__file__).with_name("runner.py")
JSON = ("--output-format", "json")
RUNS = {
    "check": ("check", *JSON),
    "check --strict": ("check", "--strict", *JSON),
    "inventory": ("inventory", *JSON),
    "pairs": ("pairs", *JSON),
    "undecided": ("check", "--strict", "--verbose", "--output-format", "full"),
}
"""What is run, by the name that a snapshot has for it. JSON says nothing of what was not decided:
the text does."""
_SECONDS = re.compile(r"\s*Took [\d.,]+ s\.")


@dataclass(frozen=True)
class Options:
    """How to run loralint; `settings`: with those of the project, `limit`: in seconds a command."""

    checkout: Path
    forked: bool = False
    settings: bool = False
    hash_seed: int = 0
    limit: int = 600


class Loralint:
    """A checkout that answers; used in a `with` block."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._scratch = tempfile.TemporaryDirectory()
        self._out = Path(self._scratch.name, "stdout")
        self._err = Path(self._scratch.name, "stderr")
        words = [sys.executable, str(RUNNER), *(["--forked"] if options.forked else [])]
        self._runner = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._scratch.name,
            env=self._environment(),
        )

    def __enter__(self) -> Loralint:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.communicate()
        self._scratch.cleanup()

    def _environment(self) -> dict[str, str]:
        """Little of ours: neither a variable nor a Hub cache may tell two runs apart."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": self._scratch.name,
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(self._options.checkout),
            "PYTHONSAFEPATH": "1",  # a project's own `queue.py` is not to be imported
            "PYTHONPYCACHEPREFIX": str(Path(self._scratch.name, "compiled")),
            "PYTHONHASHSEED": str(self._options.hash_seed),
        }

    def run(self, run: str, project: Path) -> tuple[dict[str, Any], dict[str, Any]]:
        """What one of RUNS answers, and what it cost."""
        isolated = [] if self._options.settings else ["--isolated"]
        words = [*RUNS[run], *isolated, "--no-cache", "--jobs", "1", "."]
        cost = self._asked(words, project)
        answer = {"exit": cost.pop("exit"), "timed_out": cost.pop("timed_out")}
        answer["stderr"] = self._err.read_text("utf-8", "replace").splitlines()
        answer.update(read(run, self._out.read_text("utf-8", "replace")))
        return answer, cost

    def _asked(self, words: list[str], project: Path) -> dict[str, Any]:
        request = {
            "words": words,
            "folder": str(project),
            "stdout": str(self._out),
            "stderr": str(self._err),
            "limit": self._options.limit,
        }
        assert self._runner.stdin and self._runner.stdout
        self._runner.stdin.write(json.dumps(request) + "\n")
        self._runner.stdin.flush()
        answer: dict[str, Any] = json.loads(self._runner.stdout.readline())
        return answer


def read(run: str, text: str) -> dict[str, Any]:
    """What a command printed, as it is saved; `answer` is None where that is no answer."""
    if run == "undecided":
        text = _SECONDS.sub("", text)
        undecided = sorted(_undecided(text.splitlines()))
        return {"answer": undecided, "summary": text.rstrip().rpartition("\n\n")[2].splitlines()}
    try:
        return {"answer": json.loads(text)}
    except ValueError:
        return {"answer": None, "stdout": text.splitlines()}


def _undecided(lines: Sequence[str]) -> Iterator[str]:
    """The entries below the heading `not decided:`."""
    if "not decided:" in lines:
        for line in lines[lines.index("not decided:") + 1 :]:
            if not line.startswith("  "):
                return
            yield line.strip()


def save(options: Options, out: Path, projects: Sequence[Path], resume: bool) -> None:
    """Save what loralint says of each project; `resume`: but for those that are saved already."""
    for folder in ("answers", "costs"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    about = _about(options)
    if resume and json.loads((out / "about.json").read_text(encoding="utf-8")) != about:
        raise SystemExit(f"{out} is of another version, or was made otherwise")
    write(out / "about.json", about)
    with Loralint(options) as loralint:
        loralint.run("check", projects[0])  # to compile it
        for number, project in enumerate(projects, 1):
            name = f"{project.name}.json"
            if not resume or not (out / "costs" / name).exists():
                costs = _saved(loralint, project, out)
                write(out / "costs" / name, costs)
                total = sum(cost["cpu"] for cost in costs.values())
                print(f"{number}/{len(projects)} {project.name}: {total:.1f} s CPU", flush=True)


def _saved(loralint: Loralint, project: Path, out: Path) -> dict[str, Any]:
    answers, costs = {}, {}
    for run in RUNS:
        answers[run], costs[run] = loralint.run(run, project)
        if answers[run]["timed_out"]:
            print(f"TIMED OUT {project.name}: {run}", flush=True)
    write(out / "answers" / f"{project.name}.json", answers)
    return costs


def _about(options: Options) -> dict[str, Any]:
    words = ["git", "-C", str(options.checkout), "describe", "--always", "--dirty", "--abbrev=40"]
    commit = subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "checkout": str(options.checkout),
        "commit": commit,
        "python": sys.version,
        "forked": options.forked,
        "settings": options.settings,
        "hash_seed": options.hash_seed,
    }


def write(path: Path, content: dict[str, Any]) -> None:
    """Write JSON that a person can read and `diff` can compare."""
    text = json.dumps(content, indent=1, sort_keys=True)
    beside = path.with_suffix(".part")
    beside.write_text(text + "\n", encoding="utf-8")
    beside.replace(path)
