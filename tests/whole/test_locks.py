"""The commands that write, where the lock is damaged or ignored, in notebooks and along a chain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.hub.cache import FakeCache
from tests.markdown_pages import notebook
from tests.whole.pairs import serves, trains
from tests.whole.running import Small, table

A, B, C = "a" * 40, "b" * 40, "c" * 40
NAME = "loralint.lock"
PLAIN = ("--isolated", "--no-cache")
LOADED = 'from transformers import AutoModel\n\nAutoModel.from_pretrained("org/a")\n'
ASKED = (
    "import loralint\nfrom transformers import AutoModel\n\n"
    'AutoModel.from_pretrained("org/a", revision=loralint.revision("org/a"))\n'
)


def lock(commit: str = A) -> str:
    return (
        f'version = 1\n\n[[artifact]]\nid = "org/a"\ncommit = "{commit}"\nref = "main"\n'
        'kind = "base-model"\n'
    )


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCache:
    """The Hub cache of this machine, in which `org/a` has three commits."""
    cache = FakeCache(tmp_path / "hub-cache")
    cache.folder.mkdir()
    monkeypatch.setenv("HF_HUB_CACHE", str(cache.folder))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795478400")
    cache.add("org/a", A, "main", "v1")
    cache.add("org/a", B, "v2")
    cache.add("org/a", C, "v3")
    return cache


# --- a lock that cannot be read ------------------------------------------------------------------

DAMAGED = {
    "no TOML": b"version = 1\n[[artifact\n",
    "conflict markers": f"<<<<<<< ours\n{lock(A)}=======\n{lock(B)}>>>>>>> theirs\n".encode(),
    "another version": b"version = 99\n",
    "half of a commit": lock("abc").encode(),
    "no text": b"\xff\xfe\x00",
}
COMMANDS = {
    "pin": ("pin",),
    "pin --from-lock": ("pin", "--from-lock"),
    "pin --upgrade": ("pin", "--upgrade"),
    "pin --check": ("pin", "--check"),
    "pin --diff": ("pin", "--diff"),
    "lock": ("lock",),
    "lock --check": ("lock", "--check"),
    "lock --upgrade": ("lock", "--upgrade"),
    "outdated": ("outdated",),
}


def everything(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_damaged_lock_stops_it(small: Small, command: str, damage: str) -> None:
    pinned = LOADED.replace('"org/a")', f'"org/a", revision="{C}")  # main, 2026-11-01')
    small.write({NAME: DAMAGED[damage], "x.py": LOADED, "y.py": pinned})
    before = everything(small.root)
    result = small.run(*COMMANDS[command], *PLAIN)
    assert result.exit_code == 2, result.output
    assert NAME in result.stderr
    assert result.stdout == ""
    assert everything(small.root) == before


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_lock_below_stops_it_too(small: Small, damage: str) -> None:
    small.write({"sub/" + NAME: DAMAGED[damage], "sub/x.py": LOADED, "y.py": LOADED})
    before = everything(small.root)
    result = small.run("pin", *PLAIN)
    assert (result.exit_code, f"sub/{NAME}" in result.stderr) == (2, True), result.output
    assert everything(small.root) == before


# --- a lock that git ignores ---------------------------------------------------------------------

GIVEN = {
    "by the root": (".",),
    "by nothing": (),
    "by the folder": ("sub",),
    "by the file": ("sub/a.py",),
    "by a folder below": ("sub/deep",),
}
LINES = {"not ignored": "", "its name": "loralint.lock\n", "its path": "sub/loralint.lock\n"}
READ = {f"{given}, {line}": (given, line) for given in GIVEN for line in LINES}
OVERLOOKED = {
    f"{given}, {line}": "a lock further down is left out where git ignores it"
    for given in ("by the root", "by nothing")
    for line in ("its name", "its path")
}


@pytest.mark.parametrize("case", table(READ, OVERLOOKED))
def test_a_lock_that_git_ignores_is_read(small: Small, case: str) -> None:
    """Whatever of the project is named, the code asks the same lock when it runs."""
    given, line = READ[case]
    small.write({"sub/" + NAME: lock(), "sub/a.py": ASKED, "sub/deep/b.py": ASKED})
    small.write({".gitignore": LINES[line]})
    assert small.findings(paths=GIVEN[given]) == []


@pytest.mark.parametrize("given", GIVEN)
def test_a_lock_that_is_not_there_is_missed(small: Small, given: str) -> None:
    small.write({"sub/a.py": ASKED, "sub/deep/b.py": ASKED})
    found = small.findings(paths=GIVEN[given])
    assert found and {one["code"] for one in found} == {"LOR210"}
    assert all("there is no loralint.lock that can be read" in one["message"] for one in found)


# --- notebooks -----------------------------------------------------------------------------------

CELLS = (
    "from transformers import AutoModel\n",
    f'one = AutoModel.from_pretrained("org/a", revision="{C}")  # main, 2026-11-01\n',
    f'two = AutoModel.from_pretrained("org/a", revision="{C}")  # v2, 2026-11-02\n',
)


def moved(text: str) -> str:
    """The text with both pins at what their refs stand at."""
    first = text.replace(f'{C}")  # main, 2026-11-01', f'{A}")  # main, 2026-11-24')
    return first.replace(f'{C}")  # v2, 2026-11-02', f'{B}")  # v2, 2026-11-24')


@pytest.mark.parametrize("order", [1, -1], ids=["in this order", "the other way round"])
@pytest.mark.parametrize("name", ["x.py", "x.ipynb"])
def test_one_commit_noted_twice_follows_each_note(small: Small, name: str, order: int) -> None:
    cells = (CELLS[0], *CELLS[1:][::order])
    before, after = (
        notebook(*texts) if name.endswith(".ipynb") else "".join(texts)
        for texts in (cells, map(moved, cells))
    )
    small.write({name: before})
    shown = small.run("pin", "--upgrade", "--diff", *PLAIN)
    assert (small.root / name).read_text() == before
    assert (shown.stdout.count(A), shown.stdout.count(B)) == (1, 1)
    result = small.run("pin", "--upgrade", *PLAIN)
    assert result.exit_code == 0, result.output
    assert (small.root / name).read_text() == after
    assert small.run("pin", "--upgrade", "--check", *PLAIN).exit_code == 0


@pytest.mark.parametrize("command", ["pin", "pin --upgrade", "lock", "outdated"])
def test_what_is_no_notebook_is_left(small: Small, command: str) -> None:
    broken = json.dumps({"cells": [CELLS[1]]}).encode()[:-4]
    small.write({"x.ipynb": broken, "y.py": LOADED})
    result = small.run(*command.split(), *PLAIN)
    assert result.exit_code in (0, 1), result.output
    assert (small.root / "x.ipynb").read_bytes() == broken


# --- one side gives way, and the next one to it --------------------------------------------------

CHAIN = {
    "a.py": trains("", '"org/a", revision="v1"', "out/one"),
    "b.py": serves("", '"org/a", revision="v2"', "out/one")
    + 'model.train()\nmodel.save_pretrained("out/two")\n',
    "c.py": serves("", '"org/a", revision="v3"', "out/two"),
}


@pytest.mark.parametrize(("side", "commit"), [("train", A), ("infer", C)])
def test_the_preferred_end_of_a_chain_decides(small: Small, side: str, commit: str) -> None:
    """`b.py` serves what `a.py` trains, and trains what `c.py` serves."""
    small.write(CHAIN)
    assert len(small.asked("pairs")) == 2
    result = small.run("pin", "--prefer", side, *PLAIN)
    assert (result.exit_code, result.stderr.count("error:")) == (0, 0), result.output
    assert result.stdout.count(" → ") == 3, "each is pinned once, to where it stays"
    for name in CHAIN:
        text = (small.root / name).read_text()
        assert [each for each in (A, B, C) if each in text] == [commit], name
    assert small.found("LOR201") == []


@pytest.mark.parametrize(
    ("side", "end", "others"),
    [("train", "a.py", ("b.py", "c.py")), ("infer", "c.py", ("b.py", "a.py"))],
)
def test_where_the_end_is_not_known_nothing_follows(
    small: Small, side: str, end: str, others: tuple[str, str]
) -> None:
    """What gives way itself is nothing that another file may be pinned to."""
    ref = {"a.py": "v1", "c.py": "v3"}[end]
    small.write({**CHAIN, end: CHAIN[end].replace(ref, "v9")})
    before = everything(small.root)
    result = small.run("pin", "--prefer", side, *PLAIN)
    assert result.exit_code == 1
    assert everything(small.root) == before
    errors = {line.split(":")[1].strip(): line for line in result.stderr.splitlines()
              if line.startswith("error:")}  # fmt: skip
    assert set(errors) == set(CHAIN)
    follower, last = others
    assert "v9" in errors[end] and "v9" in errors[follower]
    assert "--prefer" in errors[last] and f"({follower}:" in errors[last]
