"""Check that time grows linearly with the number of files, and how much memory it takes.

    python benchmarks/scale.py TREE [--sizes 500 2000 20000]

Copies the Python files of TREE over and over into a temporary folder until there are as many as
asked for, each copy of a module under a name of its own, and times a cold `loralint check`.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from pathlib import Path

from speed import peak_megabytes, run


def fill(folder: Path, sources: list[bytes], size: int) -> None:
    """Write `size` modules, a hundred to a package."""
    for number, content in zip(range(size), itertools.cycle(sources), strict=False):
        package = folder / f"package_{number // 100}"
        package.mkdir(exist_ok=True)
        (package / f"module_{number}.py").write_bytes(content)


def main() -> None:
    """Time each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 2000, 20000])
    arguments = parser.parse_args()
    sources = [path.read_bytes() for path in sorted(arguments.tree.rglob("*.py"))]
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), sources, size)
            command = [sys.executable, "-m", "loralint", "check", "--isolated", "--no-cache", "-q"]
            cost = run([*command, folder])
            memory = peak_megabytes([*command, folder])
        each = 1000 * cost.cpu / size
        print(f"{size:6} files {cost.cpu:8.1f} s CPU {each:6.2f} ms a file {memory:6.0f} MB")


if __name__ == "__main__":
    main()
