"""Applies fixes to copies of real repositories, and looks at what became of the files.

    python benchmarks/fixes/run.py /path/to/work/trees [--only NAME] [--mode fix|give|half]

`fix` runs `loralint check --fix --unsafe-fixes`. `give` makes every load that names a Hub
repository ask for a commit made of its name, wherever its revision is defined: what `pin` does,
without a Hub. `half` does so with every second load, and then runs `fix`. Nothing in the work
trees is changed. One JSON object a repository on standard output; README.md has the totals of the
last run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from alike import differences  # it lies beside this script

Row = dict[str, Any]
LIMIT = 1800


def loralint(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `loralint check` at the root of a copy."""
    command = [sys.executable, "-m", "loralint", "check", "--isolated", *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=LIMIT, check=False
    )


def files(folder: Path) -> dict[str, bytes]:
    """All regular files of a copy."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and ".loralint_cache" not in path.parts
    }


def fix(folder: Path) -> Row:
    """`check --fix --unsafe-fixes`, twice; the cache is warm from the first check."""
    before = parsed(loralint(folder, "--output-format", "json"))
    first = loralint(folder, "--fix", "--unsafe-fixes", "--output-format", "json")
    after = parsed(first)
    again = loralint(folder, "--diff", "--unsafe-fixes")
    return {
        "exit": first.returncode,
        "again": again.returncode,
        "dropped": [one for one in first.stderr.splitlines() if "is not fixed" in one],
        "errors": [one for one in first.stderr.splitlines() if "is not fixed" not in one],
        "before": counted(before),
        "after": counted(after),
        "fixable before": counted(one for one in before if has_edits(one)),
        "fixable left": counted(one for one in after if has_edits(one)),
    }


def parsed(answer: subprocess.CompletedProcess[str]) -> list[Row]:
    """The findings of a run."""
    return list(json.loads(answer.stdout)) if answer.stdout.strip() else []


def has_edits(found: Row) -> bool:
    """Whether a finding can be fixed by edits."""
    return bool(found["fix"] and found["fix"]["edits"])


def counted(found: Iterator[Row] | list[Row]) -> dict[str, int]:
    """How many findings there are of each code."""
    return dict(sorted(Counter(one["code"] for one in found).items()))


def give(folder: Path) -> Row:
    """Make every load of a Hub repository ask for a commit of its own, twice."""
    first = _given(folder)
    again = _given(folder)
    return {**first, "again": again["changed"], "left": again["asked"] - again["already"]}


def commit(repo_id: str) -> str:
    """The made-up commit of a repository."""
    return hashlib.sha1(repo_id.encode(), usedforsecurity=False).hexdigest()


def half(folder: Path) -> Row:
    """Give every second load of a repository a commit, then mend what does not fit any more."""
    _given(folder, every=2)
    return fix(folder)


def _given(folder: Path, every: int = 1) -> Row:
    from loralint.config import Config
    from loralint.diagnostics import Fix
    from loralint.engine import Request, gather
    from loralint.fix.applying import apply
    from loralint.rules.judgement import fixes
    from loralint.rules.judgement.pinning import hub_loads
    from loralint.rules.judgement.values import only
    from loralint.writing import replace

    request = Request(str(folder), (str(folder),), Config(), jobs=1)
    gathered = gather(request)
    wanted: list[Fix] = []
    asked = already = without = 0
    for load, ids in hub_loads(gathered.project):
        if load.index % every or len(ids) != 1 or load.site.artifact in ("dataset", "adapter"):
            continue
        asked += 1
        text = commit(ids[0])
        if only(load.site.revision) == text:
            already += 1
            continue
        made = fixes.give_revision(gathered.project, load, text, "unsafe", "")
        if made.edits:
            wanted.append(made)
        else:
            without += 1
    applied = apply(wanted, gathered.shelf.source)
    for path, new in applied.contents.items():
        replace(folder / path, new, old=gathered.shelf.source(path).content)
    return {
        "asked": asked,
        "already": already,
        "without place": without,
        "done": len(applied.done),
        "waiting": len(applied.waiting),
        "dropped": list(applied.dropped.values()),
        "changed": len(applied.contents),
    }


def measured(tree: Path, mode: str, keep: Path | None) -> Row:
    """One repository: copied, changed, compared."""
    with tempfile.TemporaryDirectory() as made:
        folder = (keep or Path(made)) / tree.name
        shutil.copytree(tree, folder, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        before = files(folder)
        row = {"fix": fix, "give": give, "half": half}[mode](folder)
        after = files(folder)
        changed = [name for name in after if after[name] != before.get(name)]
        other = {name: differences(name, before[name], after[name]) for name in changed}
        return {
            "repository": tree.name.replace("+", "/"),
            **row,
            "files": len(changed),
            "beyond": {name: text for name, text in other.items() if text},
            "gone": len(before.keys() - after.keys()),
        }


def size(tree: Path) -> int:
    """The bytes of a work tree's code: small ones come first."""
    kinds = {".py", ".ipynb", ".yaml", ".yml", ".json", ".toml", ".sh"}
    return sum(path.lstat().st_size for path in tree.rglob("*") if path.suffix in kinds)


def main() -> None:
    """Run over all work trees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trees", type=Path)
    parser.add_argument("--mode", choices=("fix", "give", "half"), default="fix")
    parser.add_argument("--only", help="the name of one work tree")
    parser.add_argument("--keep", type=Path, help="keep the changed copies in this folder")
    given = parser.parse_args()
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[2]))
    for tree in sorted(given.trees.iterdir(), key=size):
        if tree.is_dir() and "+" in tree.name and given.only in (None, tree.name):
            print(json.dumps(measured(tree, given.mode, given.keep)), flush=True)


if __name__ == "__main__":
    main()
