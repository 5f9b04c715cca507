"""The local Hub cache, read without huggingface_hub."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from pathlib import Path

import pytest

from loralint.hub import Ask, Failure, Found, Repo, resolve
from loralint.hub.cache import LocalCache, blob_id, cache_folder, changed, part_of
from loralint.hub.locking import LockedCommits
from loralint.lockfile import Artifact, Lock
from tests.hub.cache import FakeCache

A, B = "a" * 40, "abcdef0" + "b" * 33
MODEL = Repo("org/model")


def answer(cache: FakeCache, ask: Ask) -> Found | Failure:
    return resolve([ask], [LocalCache(cache.folder)])[ask]


@pytest.fixture
def cache(tmp_path: Path) -> FakeCache:
    made = FakeCache(tmp_path / "hub")
    made.add("org/model", A, "main", "v1.0", "refs/pr/23")
    made.add("org/model", B, "dev/next")
    made.add("gpt2", A, "main")
    made.add("org/data", B, "main", kind="dataset")
    return made


@pytest.mark.parametrize(
    ("repo", "ref", "commit"),
    [
        (MODEL, "main", A),
        (MODEL, "v1.0", A),
        (MODEL, "refs/pr/23", A),
        (MODEL, "dev/next", B),
        (MODEL, "abcdef0", B),
        (MODEL, B, B),
        (Repo("gpt2"), "main", A),
        (Repo("org/data", "dataset"), "main", B),
    ],
)
def test_what_is_in_the_cache(cache: FakeCache, repo: Repo, ref: str, commit: str) -> None:
    found = answer(cache, Ask(repo, ref))
    assert isinstance(found, Found) and (found.commit, found.origin) == (commit, "cache")


@pytest.mark.parametrize(
    ("repo", "ref"),
    [
        (Repo("org/none"), "main"),
        (MODEL, "v2"),
        (MODEL, "c" * 40),
        (MODEL, "abcdef9"),
        (MODEL, "../../models--gpt2/refs/main"),
        (MODEL, "dev"),
        (MODEL, "a\0b"),
        (MODEL, "x" * 5000),
        (Repo("org/data"), "main"),
    ],
)
def test_what_is_not(cache: FakeCache, repo: Repo, ref: str) -> None:
    found = answer(cache, Ask(repo, ref))
    assert isinstance(found, Failure) and repo.id in found.reason


def test_two_commits_that_begin_alike_are_none(cache: FakeCache) -> None:
    cache.add("org/model", "abcdef0" + "c" * 33)
    assert isinstance(answer(cache, Ask(MODEL, "abcdef0")), Failure)


def test_a_ref_that_holds_rubbish_is_none(cache: FakeCache) -> None:
    path = cache.folder / "models--org--model" / "refs" / "main"
    for rubbish in (b"main", b"\xff" * 40, b"a" * 5_000_000, b""):
        path.write_bytes(rubbish)
        assert isinstance(answer(cache, Ask(MODEL)), Failure)


def test_hashes_are_those_of_git_and_of_large_file_storage(cache: FakeCache) -> None:
    config, weights = b'{"a": 1}', b"\0" * 99
    snapshot = cache.add(
        "org/full",
        A,
        "main",
        files={"config.json": config, "sub/modeling_x.py": b"x", "README.md": b"#"},
        large={"model.safetensors": weights},
    )
    found = answer(cache, Ask(Repo("org/full")))
    assert isinstance(found, Found)
    assert found.files == {
        "config.json": f"git:{blob_id(config)}",
        "sub/modeling_x.py": f"git:{blob_id(b'x')}",
        "model.safetensors": f"sha256:{sha256(weights).hexdigest()}",
    }
    # Nobody vouches for a file that is no link, nor for one that is not what its name says.
    (snapshot / "generation_config.json").write_text("{}")
    (cache.folder / "models--org--full" / "blobs" / blob_id(config)).write_bytes(b"tampered")
    again = answer(cache, Ask(Repo("org/full")))
    assert isinstance(again, Found)
    assert sorted(again.files) == ["model.safetensors", "sub/modeling_x.py"]


def test_git_agrees_about_blobs(tmp_path: Path) -> None:
    import subprocess

    path = tmp_path / "x"
    path.write_bytes(b"hello\0\n")
    told = subprocess.run(
        ["git", "hash-object", str(path)], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == blob_id(path.read_bytes())


def test_a_commit_is_as_old_as_its_oldest_file(cache: FakeCache) -> None:
    snapshot = cache.folder / "models--org--model" / "snapshots" / A
    week = time.time() - 7 * 86400
    os.utime(snapshot / "config.json", (week, week), follow_symlinks=False)
    found = answer(cache, Ask(MODEL))
    assert isinstance(found, Found) and found.since == pytest.approx(week, abs=1)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"HF_HUB_CACHE": "/x/hub"}, "/x/hub"),
        ({"HUGGINGFACE_HUB_CACHE": "/x/old", "HF_HOME": "/y"}, "/x/old"),
        ({"HF_HOME": "/y"}, "/y/hub"),
        ({"XDG_CACHE_HOME": "/z"}, "/z/huggingface/hub"),
        ({}, str(Path.home() / ".cache/huggingface/hub")),
        ({"HF_HOME": "~/hf"}, str(Path.home() / "hf/hub")),
    ],
)
def test_where_the_cache_lies(environment: dict[str, str], folder: str) -> None:
    assert cache_folder(environment) == Path(folder)


def test_huggingface_hub_agrees_where_the_cache_lies(tmp_path: Path) -> None:
    import subprocess
    import sys

    pytest.importorskip("huggingface_hub")
    code = "from huggingface_hub.constants import HF_HUB_CACHE as c; print(c)"
    for environment in ({"HF_HOME": "~/a"}, {"XDG_CACHE_HOME": "/b"}, {"HF_HUB_CACHE": "$HOME/c"}):
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment}
        told = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        ours = subprocess.run(
            [sys.executable, "-c", "from loralint.hub.cache import cache_folder as c; print(c())"],
            env={**env, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ours.stdout == told.stdout


def test_the_first_place_that_knows_is_believed(cache: FakeCache) -> None:
    lock = Lock(
        (
            Artifact(id="org/model", commit="c" * 40, ref="main"),
            Artifact(id="org/other", commit="d" * 40, ref="main"),
        )
    )
    asked = [Ask(MODEL), Ask(Repo("org/other")), Ask(Repo("org/none"))]
    found = resolve(asked, [LocalCache(cache.folder), LockedCommits([lock])])
    assert [getattr(found[ask], "origin", None) for ask in asked] == ["cache", "lock", None]
    reason = found[asked[2]]
    assert isinstance(reason, Failure)
    assert "local cache" in reason.reason and "loralint.lock does not hold" in reason.reason


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("config.json", "config"),
        ("generation_config.json", "config"),
        ("adapter_config.json", "config"),
        ("preprocessor_config.json", "config"),
        ("1_Pooling/config.json", "config"),
        ("modules.json", "config"),
        ("modeling_phi.py", "code"),
        ("tokenizer.json", "tokenizer"),
        ("tokenizer_config.json", "tokenizer"),
        ("chat_template.jinja", "tokenizer"),
        ("vocab.txt", "tokenizer"),
        ("tokenizer.model", "tokenizer"),
        ("model-00001-of-00002.safetensors", "weights"),
        ("model.safetensors.index.json", "weights"),
        ("pytorch_model.bin", "weights"),
        ("training_args.bin", None),
        ("optimizer.pt", None),
        ("README.md", None),
        (".gitattributes", None),
        ("figure.png", None),
    ],
)
def test_what_a_file_decides(name: str, part: str | None) -> None:
    assert part_of(name) == part


def test_what_changed_between_two_commits() -> None:
    old = {"config.json": "git:1", "README.md": "git:1", "a.py": "git:1", "w.bin": "sha256:1"}
    new = {"config.json": "git:2", "README.md": "git:2", "a.py": "git:1", "merges.txt": "git:3"}
    assert changed(old, new) == {
        "config": ["config.json"],
        "tokenizer": ["merges.txt"],
        "weights": ["w.bin"],
    }
