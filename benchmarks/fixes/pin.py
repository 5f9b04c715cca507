"""Runs `loralint pin` on copies of real repositories, from a made-up Hub cache that knows every id.

    python benchmarks/fixes/pin.py /path/to/work/trees [--only NAME] [--keep FOLDER]

Each copy is pinned, then once more (which must change nothing), then with `--prefer train` (which
settles what the two sides disagree about). Then `check --fix --unsafe-fixes` mends what is left,
and both once more must change nothing. Nothing in the work trees is changed. One JSON object a
repository on standard output; README.md has the totals of the last run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from alike import differences  # it lies beside this script

Row = dict[str, Any]
LIMIT = 1800
RULES = "LOR101,LOR102,LOR103,LOR104,LOR106,LOR107,LOR110,LOR201,LOR203,LOR211,LOR410"
_NOTE = re.compile(rb"  # [^\s,#]+, \d{4}-\d\d-\d\d\b")
_LEFT = re.compile(r"(error|note): (.+?:(?:cell \d+:)?\d+:\d+): (.*)")


def loralint(folder: Path, cache: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run loralint at the root of a copy, with the made-up cache."""
    command = [sys.executable, "-m", "loralint", *words, "--isolated"]
    environment = {**os.environ, "HF_HUB_CACHE": str(cache), "SOURCE_DATE_EPOCH": "1795478400"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT,
        check=False,
    )  # fmt: skip


def files(folder: Path) -> dict[str, bytes]:
    """All regular files of a copy."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and ".loralint_cache" not in path.parts
    }


def fill(cache: Path, folder: Path) -> int:
    """A Hub cache in which every ref that the project asks for stands at a commit of its own."""
    from loralint.config import Config
    from loralint.engine import Request, gather
    from loralint.hub import is_commit
    from loralint.hub.wants import wants

    project = gather(Request(str(folder), (str(folder),), Config(), jobs=1)).project
    asked = {want.ask for want in wants(project)}
    for ask in asked:
        name = ask.repo.id.replace("/", "--")
        root = cache / f"{ask.repo.type}s--{name}"
        made = hashlib.sha1(str(ask).encode(), usedforsecurity=False).hexdigest()
        commit = ask.ref if is_commit(ask.ref) else made
        (root / "snapshots" / commit).mkdir(parents=True, exist_ok=True)
        for ref in {"main", ask.ref}:
            path = root / "refs" / ref
            if ref == "main" or not is_commit(ref):
                path.parent.mkdir(parents=True, exist_ok=True)
                main = hashlib.sha1(f"{ask.repo}@main".encode(), usedforsecurity=False).hexdigest()
                path.write_text(main if ref == "main" else commit)
    return len(asked)


def found(folder: Path, cache: Path, *more: str) -> list[Row]:
    """The findings of the rules that pins are about."""
    answer = loralint(folder, cache, "check", "--select", RULES, "--output-format", "json", *more)
    return list(json.loads(answer.stdout)) if answer.stdout.strip() else []


def counted(rows: list[Row]) -> dict[str, int]:
    """How many findings there are of each code."""
    return dict(sorted(Counter(one["code"] for one in rows).items()))


def fixable(rows: list[Row]) -> dict[str, int]:
    """How many of them `check --fix --unsafe-fixes` would mend."""
    return counted([one for one in rows if one["fix"] and one["fix"]["edits"]])


def causes(rows: list[Row], said: dict[str, str]) -> dict[str, dict[str, int]]:
    """Why the findings of each code are left, as `pin` says."""
    told: dict[str, Counter[str]] = {}
    for one in rows:
        start, cell = one["location"], one["cell"]
        place = f"{'' if cell is None else f'cell {cell}:'}{start['row']}:{start['column']}"
        reason = said.get(f"{one['filename']}:{place}", "pin says nothing")
        told.setdefault(one["code"], Counter())[_kind(reason)] += 1
    return {code: dict(count) for code, count in sorted(told.items())}


def pinned(folder: Path, cache: Path, *more: str) -> Row:
    """One run of `pin`: its exit code, how many loads, and why the others were left."""
    began = time.perf_counter()
    answer = loralint(folder, cache, "pin", *more)
    said = [match for line in answer.stderr.splitlines() if (match := _LEFT.fullmatch(line))]
    crash = [line for line in answer.stderr.splitlines() if "internal error" in line]
    return {
        "exit": answer.returncode,
        "seconds": round(time.perf_counter() - began, 1),
        "pins": len(answer.stdout.splitlines()),
        "left": dict(Counter(_kind(match[3]) for match in said)),
        "grave": sum(match[1] == "error" for match in said),
        "said": {match[2]: match[3] for match in said},
        "crash": crash,
    }


def _kind(reason: str) -> str:
    """A reason without the names in it."""
    for words in ("no commit fits", "may name another", "told what to load", "belongs into",
                  "takes no revision", "no place in the code", "more than one revision",
                  "say which is right", "other side", "ModelScope", "not in the local cache",
                  "does not know"):  # fmt: skip
        if words in reason:
            return words
    return reason


def measured(tree: Path, keep: Path | None) -> Row:
    """One repository: copied, pinned, pinned again, mended, compared."""
    with tempfile.TemporaryDirectory() as made:
        folder, cache = (keep or Path(made)) / tree.name, Path(made) / "cache"
        shutil.copytree(tree, folder, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        before = files(folder)
        row: Row = {"repository": tree.name.replace("+", "/"), "asked": fill(cache, folder)}
        row["before"] = counted(found(folder, cache))
        row |= twice(folder, cache)
        row |= mended(folder, cache)
        return row | compared(before, files(folder))


def twice(folder: Path, cache: Path) -> Row:
    """Pin a copy, and once more; where somebody has to decide, the training side is right."""
    row = {"pin": pinned(folder, cache)}
    first = files(folder)
    row["again"] = pinned(folder, cache)
    row["again changed"] = changes(first, files(folder))
    said = {**row["pin"].pop("said"), **row["again"].pop("said")}
    if row["again"]["grave"]:
        row["prefer"] = pinned(folder, cache, "--prefer", "train")
        row["left over"] = pinned(folder, cache, "--prefer", "train", "--check")["pins"]
        said.update(row["prefer"].pop("said"))
    left = found(folder, cache)
    return row | {"after": counted(left), "fixable": fixable(left), "why": causes(left, said)}


def mended(folder: Path, cache: Path) -> Row:
    """Fix what is left of a pinned copy; then pins and fixes once more must change nothing."""
    left = found(folder, cache, "--fix", "--unsafe-fixes")
    settled = files(folder)
    pinned(folder, cache)
    found(folder, cache, "--fix", "--unsafe-fixes")
    return {
        "after fix": counted(left),
        "fixable after fix": fixable(left),
        "after fix changed": changes(settled, files(folder)),
    }


def changes(before: dict[str, bytes], after: dict[str, bytes]) -> int:
    """How many files are not what they were."""
    return sum(before.get(name) != content for name, content in after.items())


def compared(before: dict[str, bytes], after: dict[str, bytes]) -> Row:
    """The files that changed, and what of it nobody meant."""
    changed = [name for name in after if after[name] != before.get(name)]
    plain = {name: _NOTE.sub(b"", after[name]) for name in changed}
    other = {name: differences(name, before.get(name, b""), plain[name]) for name in changed}
    return {
        "files": len(changed),
        "beyond": {name: text for name, text in other.items() if text},
        "gone or new": len(before.keys() ^ after.keys()),
    }


def _size(tree: Path) -> int:
    """How much there is to read: small trees come first."""
    suffixes = (".py", ".ipynb", ".sh", ".yaml", ".yml")
    return sum(path.stat().st_size for path in tree.rglob("*")
               if path.suffix in suffixes and path.is_file())  # fmt: skip


def main() -> None:
    """Run over all work trees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trees", type=Path)
    parser.add_argument("--only", help="the name of one work tree")
    parser.add_argument("--keep", type=Path, help="keep the changed copies in this folder")
    given = parser.parse_args()
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[2]))
    trees = [each for each in given.trees.iterdir() if each.is_dir() and "+" in each.name]
    for tree in sorted(trees, key=_size):
        if given.only in (None, tree.name):
            print(json.dumps(measured(tree, given.keep)), flush=True)


if __name__ == "__main__":
    main()
