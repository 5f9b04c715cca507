"""`loralint outdated`: what moved since the pin, and whether it matters."""

from __future__ import annotations

import json

import pytest

from loralint.lockfile import NAME
from tests.hub.cache import FakeCache
from tests.hub.server import Commit, FakeHub, Step

A, B, C = "a" * 40, "b" * 40, "c" * 40
HEAD = "from transformers import AutoModel\n\n"


def pin(name: str, commit: str, note: str = "  # main, 2026-11-01") -> str:
    return f'AutoModel.from_pretrained("{name}", revision="{commit}"){note}\n'


def told(run, *more: str) -> tuple[int, dict[str, dict]]:
    result = run("outdated", "--output-format", "json", *more)
    return result.exit_code, {one["repo_id"]: one for one in json.loads(result.stdout)}


@pytest.fixture
def cache(local: FakeCache) -> FakeCache:
    local.add("org/still", A, "main")
    old = {"config.json": b"1", "tokenizer.json": b"1", "README.md": b"1", "modeling.py": b"1"}
    new = {"config.json": b"2", "tokenizer.json": b"1", "README.md": b"2", "vocab.txt": b"2"}
    local.add("org/moved", A, files=old, large={"model.safetensors": b"1"})
    local.add("org/moved", B, "main", files=new, large={"model.safetensors": b"2"})
    local.add("org/card", A, files={"README.md": b"1", "config.json": b"1"})
    local.add("org/card", B, "main", files={"README.md": b"2", "config.json": b"1"})
    local.add("org/other", B, "main")
    return local


def test_the_cache_says_what_moved(cache, run, write) -> None:
    names = ("org/still", "org/moved", "org/card", "org/other", "org/none")
    write({"x.py": HEAD + "".join(pin(name, A) for name in names)})
    code, found = told(run)
    assert code == 1
    assert {name: one["status"] for name, one in found.items()} == {
        "org/still": "current",
        "org/moved": "moved",
        "org/card": "moved",
        "org/other": "moved",
        "org/none": "unknown",
    }
    # Files that only one of two partial snapshots has say nothing.
    assert found["org/moved"]["changed"] == {
        "config": ["config.json"],
        "weights": ["model.safetensors"],
    }
    assert found["org/card"]["changed"] == {}
    assert found["org/other"]["changed"] is None
    moved = found["org/moved"]
    assert (moved["pinned"], moved["latest"], moved["ref"]) == (A, B, "main")
    assert moved["places"] == [
        {"filename": "x.py", "cell": None, "location": {"row": 4, "column": 1}}
    ]
    text = run("outdated").stdout
    assert f"org/moved  main  {A[:12]}  {B[:12]}  config (config.json), weights" in text
    assert "nothing that matters" in text and "(not known)" in text
    assert "not compared: org/none" in text
    assert "3 moved, 1 up to date, 1 not compared." in text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (pin("org/still", A), 0),
        (pin("org/still", A, ""), 3),  # what it stood for is not noted
        (pin("org/none", A), 3),
        ('AutoModel.from_pretrained("org/moved")\n', 0),  # no pin
        (pin("org/moved", A) + pin("org/none", A), 1),
    ],
)
def test_exit_codes(cache, run, write, text: str, code: int) -> None:
    write({"x.py": HEAD + text})
    assert told(run)[0] == code


def test_what_the_lock_holds(cache, run, write) -> None:
    lock = f'version = 1\n\n[[artifact]]\nid = "org/moved"\ncommit = "{A}"\nref = "main"\n'
    asks = 'AutoModel.from_pretrained("org/moved", revision=loralint.revision("org/moved"))\n'
    write({NAME: lock, "x.py": f"{HEAD}import loralint\n{asks}"})
    code, found = told(run)
    assert code == 1
    assert [place["filename"] for place in found["org/moved"]["places"]] == [NAME]
    # A pin without a comment stands for what the lock says of its commit.
    write({"x.py": HEAD + pin("org/moved", A, "")})
    assert sorted(place["filename"] for place in told(run)[1]["org/moved"]["places"]) == [
        NAME,
        "x.py",
    ]


def test_nothing_to_read(local, project, run) -> None:
    assert run("outdated").exit_code == 3


def test_online_all_files_are_compared(cache, run, write) -> None:
    pytest.importorskip("huggingface_hub")
    with FakeHub.running() as hub:
        hub.add(
            "org/moved",
            Commit(C, {"config.json": "1" * 40, "modeling.py": "2" * 40, "w.bin": "5" * 64}),
            Commit(A, {"config.json": "1" * 40, "w.bin": "4" * 64}),
        )
        hub.add("org/card", Commit(C))
        hub.script["org/card"] = [Step(500)] * 9
        write(
            {
                "loralint.toml": f'hub-endpoint = "{hub.url}"\n',
                "x.py": HEAD + pin("org/moved", A) + pin("org/none", A),
            }
        )
        code, found = told(run, "--online")
        said = run("outdated", "--online").output
    assert [hub.url in row for row in said.splitlines() if "org/moved" in row] == [True]
    assert code == 1
    assert found["org/moved"]["latest"] == C
    assert found["org/moved"]["changed"] == {"code": ["modeling.py"], "weights": ["w.bin"]}
    assert "not on the Hub" in found["org/none"]["reason"]
