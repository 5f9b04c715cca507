"""Random mutants of the static side against the tests: which mistakes would nobody notice?

    python benchmarks/mutants.py cover OUT           which lines each test file runs
    python benchmarks/mutants.py run OUT --count 150 --seed 2026 [--jobs 2]
    python benchmarks/mutants.py show OUT            what survived, with its place

A mutant is one small change of one expression or statement, drawn over the lines of code that are
executed by some test. It is tried in a copy of the repository with the test files that run its
line, the quickest first, until one fails. What survives is for a person to judge: equivalent, or a
hole. `coverage` has to be installed.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = ("loralint/verify/",)
"""Not of the static side: its tests load models."""

SLOW = ("tests/verify", "tests/hook", "tests/kill")
LIMIT = 600.0
"""Seconds for the tests of one mutant; one that hangs is killed, and counts as noticed."""


@dataclass(frozen=True)
class Mutant:
    """A change of one file: the text from `start` to `end` (offsets) becomes `code`."""

    path: str
    row: int
    start: int
    end: int
    was: str
    code: str


@dataclass(frozen=True)
class Result:
    """What became of a mutant; `by` is the test that noticed it, "" where none did."""

    mutant: Mutant
    by: str
    seconds: float


# --- mutants --------------------------------------------------------------------------------------

_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


def mutants_of(path: str, text: str) -> Iterator[Mutant]:
    """Every mutant of a module; docstrings, annotations and names for typing stay as they are."""
    tree = ast.parse(text)
    offsets = _offsets(text)
    hidden = {id(each) for node in ast.walk(tree) for each in _not_run(node)}
    for node in ast.walk(tree):
        if id(node) in hidden or not hasattr(node, "lineno"):
            continue
        for code in _changes(node):
            start = offsets[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
            end = offsets[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
            was = text.encode()[start:end].decode()
            if code != was:
                yield Mutant(path, node.lineno, start, end, was, code)


def _not_run(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
        for each in node.body:
            if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
                yield from ast.walk(each)
    if isinstance(node, ast.AnnAssign):
        yield from ast.walk(node.annotation)
    if isinstance(node, ast.arg) and node.annotation is not None:
        yield from ast.walk(node.annotation)
    if isinstance(node, ast.FunctionDef) and node.returns is not None:
        yield from ast.walk(node.returns)


def _changes(node: ast.AST) -> Iterator[str]:
    change = _CHANGES.get(type(node))
    return change(node) if change is not None else iter(())


def _compare(node: ast.Compare) -> Iterator[str]:
    if len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
        other = _COMPARE[type(node.ops[0])]()
        yield ast.unparse(ast.Compare(node.left, [other], node.comparators))


def _boolean(node: ast.BoolOp) -> Iterator[str]:
    yield f"({ast.unparse(_swapped(node))})"
    yield f"({ast.unparse(node.values[0])})"


def _negation(node: ast.UnaryOp) -> Iterator[str]:
    if isinstance(node.op, ast.Not):
        yield f"({ast.unparse(node.operand)})"


def _conditional(node: ast.IfExp) -> Iterator[str]:
    yield f"({ast.unparse(ast.IfExp(node.test, node.orelse, node.body))})"


def _returned(node: ast.Return) -> Iterator[str]:
    if node.value is not None:
        yield "return None"


def _sum(node: ast.BinOp) -> Iterator[str]:
    if isinstance(node.op, (ast.Add, ast.Sub)):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield f"({ast.unparse(ast.BinOp(node.left, other, node.right))})"


def _members(node: ast.Set | ast.Tuple) -> Iterator[str]:
    if len(node.elts) > 1:
        yield ast.unparse(type(node)(elts=node.elts[:-1]))


def _statement(node: ast.Expr) -> Iterator[str]:
    if isinstance(node.value, (ast.Call, ast.YieldFrom, ast.Yield)):
        yield "pass"


def _constant(node: ast.Constant) -> Iterator[str]:
    value = node.value
    if isinstance(value, bool):
        yield str(not value)
    elif isinstance(value, int):
        yield str(value + 1)
    elif isinstance(value, str) and value:
        yield '""'


_CHANGES: dict[type[ast.AST], Callable[[Any], Iterator[str]]] = {
    ast.Compare: _compare,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _negation,
    ast.IfExp: _conditional,
    ast.Constant: _constant,
    ast.Return: _returned,
    ast.BinOp: _sum,
    ast.Set: _members,
    ast.Tuple: _members,
    ast.Expr: _statement,
    ast.Continue: lambda node: iter(("break",)),
}


def _swapped(node: ast.BoolOp) -> ast.BoolOp:
    return ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)


def _offsets(text: str) -> list[int]:
    found = [0]
    for line in text.encode().splitlines(keepends=True):
        found.append(found[-1] + len(line))
    return found


# --- which tests run a line -----------------------------------------------------------------------


def cover(out: Path) -> None:
    """Run each test file under coverage; keep how long it takes and which lines it runs."""
    out.mkdir(parents=True, exist_ok=True)
    files = sorted(path for path in ROOT.glob("tests/**/test_*.py"))
    kept: dict[str, object] = {}
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(SLOW):
            continue
        data, report = out / "one.coverage", out / "one.json"
        began = time.perf_counter()
        environment = _environment(ROOT) | {"COVERAGE_FILE": str(data)}
        _python(["coverage", "run", "--source=loralint", "-m", "pytest", "-q", name], environment)
        seconds = time.perf_counter() - began
        _python(["coverage", "json", "-q", "-o", str(report)], environment)
        said = json.loads(report.read_text()) if report.exists() else {"files": {}}
        lines = {file: each["executed_lines"] for file, each in said["files"].items()}
        kept[name] = {"seconds": seconds, "lines": lines}
        print(f"{seconds:6.1f} s  {name}", flush=True)
        report.unlink(missing_ok=True)
        data.unlink(missing_ok=True)
    (out / "cover.json").write_text(json.dumps(kept))


def _python(module: list[str], environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", *module]
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)


def _environment(root: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}


# --- trying them ----------------------------------------------------------------------------------


def run(out: Path, count: int, seed: int, jobs: int) -> None:
    """Draw mutants and try each; every result is written as soon as it is there."""
    covered = json.loads((out / "cover.json").read_text())
    tests = _tests_by_line(covered)
    drawn = _drawn(tests, count, random.Random(seed))
    copies: Queue[Path] = Queue()
    with tempfile.TemporaryDirectory() as work, (out / "results.jsonl").open("w") as kept:
        for number in range(jobs):
            copies.put(_copy(Path(work, str(number))))
        with ThreadPoolExecutor(jobs) as pool:
            for result in pool.map(lambda one: _tried(one, tests, covered, copies), drawn):
                kept.write(json.dumps(asdict(result)) + "\n")
                kept.flush()
    show(out)


def _tests_by_line(covered: dict[str, dict]) -> dict[tuple[str, int], list[str]]:
    found: dict[tuple[str, int], list[str]] = {}
    for test in sorted(covered, key=lambda name: covered[name]["seconds"]):
        for path, lines in covered[test]["lines"].items():
            for row in lines:
                found.setdefault((path, row), []).append(test)
    return found


def _drawn(
    tests: dict[tuple[str, int], list[str]], count: int, chance: random.Random
) -> list[Mutant]:
    """As many mutants, each of another line, drawn over the lines that some test runs."""
    by_line: dict[tuple[str, int], list[Mutant]] = {}
    for path in sorted(ROOT.glob("loralint/**/*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(LEFT_OUT):
            for mutant in mutants_of(name, path.read_text(encoding="utf-8")):
                if (name, mutant.row) in tests:
                    by_line.setdefault((name, mutant.row), []).append(mutant)
    lines = chance.sample(sorted(by_line), min(count, len(by_line)))
    return [chance.choice(by_line[line]) for line in lines]


def _copy(folder: Path) -> Path:
    shutil.copytree(
        ROOT, folder, ignore=shutil.ignore_patterns(".git", ".venv*", "*_cache", "__pycache__")
    )
    return folder


def _tried(
    mutant: Mutant, tests: dict[tuple[str, int], list[str]], covered: dict, copies: Queue[Path]
) -> Result:
    folder = copies.get()
    path = folder / mutant.path
    text = path.read_bytes()
    began = time.perf_counter()
    try:
        path.write_bytes(text[: mutant.start] + mutant.code.encode() + text[mutant.end :])
        names = tests[mutant.path, mutant.row]
        return Result(mutant, _noticed(folder, names), time.perf_counter() - began)
    finally:
        path.write_bytes(text)
        copies.put(folder)


def _noticed(folder: Path, names: list[str]) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-rf", *names]
    try:
        done = subprocess.run(command, cwd=folder, env=_environment(folder), capture_output=True,
                              text=True, timeout=LIMIT, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        return "time"
    if done.returncode == 0:
        return ""
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0] if failed else f"exit {done.returncode}"


def show(out: Path) -> None:
    """The share that was noticed, by package, and every mutant that was not."""
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    by_package: dict[str, list[bool]] = {}
    for row in rows:
        package = "/".join(row["mutant"]["path"].split("/")[:2])
        by_package.setdefault(package, []).append(bool(row["by"]))
    for package, killed in sorted(by_package.items()):
        print(f"{package:30} {sum(killed)} of {len(killed)}")
    print(f"{'all':30} {sum(bool(row['by']) for row in rows)} of {len(rows)}")
    for row in rows:
        if not row["by"]:
            one = row["mutant"]
            print(f"{one['path']}:{one['row']}: {one['was'][:90]!r} -> {one['code'][:90]!r}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["cover", "run", "show"])
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if options.what == "cover":
        cover(options.out)
    elif options.what == "run":
        run(options.out, options.count, options.seed, options.jobs)
    else:
        show(options.out)


if __name__ == "__main__":
    main()
