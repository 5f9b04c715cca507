"""Time `loralint check` against Bandit's B615, ruff and grep, in one run on the same trees.

    python benchmarks/speed.py TREE [TREE ...] [--runs 5]

Prints the median CPU seconds (user + system, children included), wall seconds and peak memory of
each command as a whole process, and the ratios. TREE is a work tree, such as PEFT's or diffusers'
sources. Needs the extra `bench` (bandit, ruff); the tools run in turn, A B C, A B C.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PATTERN = r"from_pretrained|snapshot_download|hf_hub_download"


@dataclass(frozen=True)
class Cost:
    """What one run of a command used: seconds of CPU and of wall time."""

    cpu: float
    wall: float


def commands(tree: str) -> dict[str, list[str]]:
    """The commands to compare, by name."""
    loralint = [sys.executable, "-m", "loralint", "check", "--isolated", "-q", tree]
    return {
        "loralint cold": [*loralint, "--no-cache"],
        "loralint warm": loralint,
        "bandit B615": [sys.executable, "-m", "bandit", "-q", "-r", "-t", "B615", tree],
        "ruff S": [_tool("ruff"), "check", "--isolated", "--select", "S", "--no-cache", "-q", tree],
        "grep": [_tool("grep"), "-rnE", "--include=*.py", PATTERN, tree],
    }


def _tool(name: str) -> str:
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise SystemExit(f"{name} is not installed: pip install -e '.[bench]'")
    return found


def run(command: list[str]) -> Cost:
    """Run a command to its end, its output thrown away."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, wall)


def peak_megabytes(command: list[str]) -> float:
    """The peak memory of the largest process of a command, in a child of its own."""
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], stdout=-3, stderr=-3);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True
    )
    return int(out.stdout) / 1024


def measure(tree: str, runs: int) -> dict[str, Cost]:
    """The median cost of each command on one tree; one warm-up each."""
    named = commands(tree)
    costs: dict[str, list[Cost]] = {name: [] for name in named}
    for number in range(runs + 1):
        for name, command in named.items():
            cost = run(command)
            if number:
                costs[name].append(cost)
    return {
        name: Cost(statistics.median(c.cpu for c in each), statistics.median(c.wall for c in each))
        for name, each in costs.items()
    }


def report(tree: str, costs: dict[str, Cost]) -> None:
    """Print one tree's table and ratios."""
    print(f"\n{tree}")
    for name, cost in costs.items():
        print(f"  {name:14} {cost.cpu:7.2f} s CPU  {cost.wall:7.2f} s wall")
    cold, bandit = costs["loralint cold"], costs["bandit B615"]
    warm, ruff = costs["loralint warm"], costs["ruff S"]
    print(f"  cold / bandit, CPU  {cold.cpu / bandit.cpu:.2f}")
    print(f"  warm / ruff, wall   {warm.wall / ruff.wall:.2f}")
    print(f"  peak memory, cold   {peak_megabytes(commands(tree)['loralint cold']):.0f} MB")


def start_up(runs: int) -> None:
    """What `--version` costs above an empty Python."""
    version, empty = [_tool("loralint"), "--version"], [sys.executable, "-c", "pass"]
    pairs = [(run(version).wall, run(empty).wall) for _ in range(2 * runs)]
    more = statistics.median(one - other for one, other in pairs)
    print(f"\nloralint --version: {1000 * more:.0f} ms more than python -c pass")


def main() -> None:
    """Measure every tree that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trees", nargs="+")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}")
    for tree in arguments.trees:
        report(tree, measure(tree, arguments.runs))
    start_up(arguments.runs)


if __name__ == "__main__":
    main()
