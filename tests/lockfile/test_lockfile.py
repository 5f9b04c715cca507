"""The lock file as text, and the commit that code asks it for at run time."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import loralint
from loralint.lockfile import NAME, Adapter, Artifact, Lock, LockError, parse, serialise

A, B = "a" * 40, "b" * 40
HASH = "sha256:" + "0" * 64
LOCK = Lock(
    (
        Artifact(id="org/model", commit=A, ref="main", files=(("w.safetensors", HASH),)),
        Artifact(id="org/model", commit=B, ref="refs/pr/2", kind="base-model"),
        Artifact(id="gpt2", commit=B, type="dataset"),
    ),
    (Adapter(name="out/a", base="org/model", commit=A),),
)

words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=9)
commits = st.integers(0, 16**40 - 1).map("{:040x}".format)
artifacts = st.builds(
    Artifact,
    id=words,
    commit=commits,
    ref=words | st.just(""),
    kind=words,
    type=st.sampled_from(("model", "dataset", "space")),
    files=st.dictionaries(words, commits.map("git:{}".format)).map(
        lambda found: tuple(sorted(found.items()))
    ),
)
locks = st.builds(
    Lock,
    st.lists(artifacts, max_size=4, unique_by=lambda one: one.key).map(tuple),
    st.lists(
        st.builds(Adapter, name=words, base=words, commit=commits | st.just("")), max_size=3
    ).map(tuple),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(locks)
def test_what_is_written_is_read_again(lock: Lock) -> None:
    again = parse(serialise(lock))
    assert set(again.artifacts) == set(lock.artifacts)
    assert sorted(map(repr, again.adapters)) == sorted(map(repr, lock.adapters))
    assert serialise(again) == serialise(lock)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(locks)
def test_the_order_of_what_is_known_changes_nothing(lock: Lock) -> None:
    turned = Lock(lock.artifacts[::-1], lock.adapters[::-1])
    assert serialise(turned) == serialise(lock)


def test_the_text() -> None:
    assert serialise(LOCK).partition("version")[2] == textwrap.dedent(f"""\
         = 1

        [[artifact]]
        id = "gpt2"
        type = "dataset"
        commit = "{B}"
        kind = "model"

        [[artifact]]
        id = "org/model"
        commit = "{A}"
        ref = "main"
        kind = "model"

        [artifact.files]
        "w.safetensors" = "{HASH}"

        [[artifact]]
        id = "org/model"
        commit = "{B}"
        ref = "refs/pr/2"
        kind = "base-model"

        [[adapter]]
        name = "out/a"
        base = "org/model"
        commit = "{A}"
        """)


def test_two_branches_that_lock_different_models_merge(tmp_path: Path) -> None:
    """One value a line, one table an artifact: git needs no help."""

    def lock(*ids: str) -> str:
        found = (Artifact(id=name, commit=A, ref="main", kind="base-model") for name in ids)
        return serialise(Lock(tuple(found)))

    def git(*arguments: str) -> str:
        who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        return subprocess.run(
            ["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q", "-b", "main")
    for branch, start, ids in (
        ("main", "", ("org/b", "org/m", "org/x")),
        ("one", "main", ("org/a", "org/b", "org/m", "org/x")),
        ("two", "main", ("org/b", "org/m", "org/p", "org/x")),
    ):
        if start:
            git("checkout", "-q", "-b", branch, start)
        (tmp_path / NAME).write_text(lock(*ids), encoding="utf-8")
        git("add", NAME)
        git("commit", "-q", "-m", branch)
    git("merge", "-q", "one")
    merged = parse((tmp_path / NAME).read_text(encoding="utf-8"))
    assert [one.id for one in merged.artifacts] == ["org/a", "org/b", "org/m", "org/p", "org/x"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = 2", "version 2, and this loralint reads version 1: upgrade loralint"),
        ("version = 0", "never was one"),
        ("", "no version"),
        ("version = true", "no version"),
        ("version = ", "not valid TOML"),
        ("version = 1\n<<<<<<< HEAD\n", "merge conflict"),
        ("version = 1\nx = 1", "unknown key `x`"),
        ("version = 1\nartifact = 1", "[[artifact]]"),
        ("version = 1\n[[artifact]]\nid = 'a/b'", "a/b: `commit` must be text"),
        ("version = 1\n[[artifact]]\nid = 'a/b'\ncommit = 'main'", "40 lower-case hex digits"),
        (f"version = 1\n[[artifact]]\nid = ''\ncommit = '{A}'", "`id` must be text"),
        (f"version = 1\n[[artifact]]\nid = 'a'\ncommit = '{A}'\ntype = 'x'", "`type` must be"),
        (f"version = 1\n[[artifact]]\nid = 'a'\ncommit = '{A}'\nrev = 'x'", "unknown key `rev`"),
        (
            f"version = 1\n[[artifact]]\nid = 'a'\ncommit = '{A}'\n[artifact.files]\nx = 'md5:1'",
            "the hash of x",
        ),
        ("version = 1\n" + f"[[artifact]]\nid = 'a'\ncommit = '{A}'\n" * 2, "twice"),
        ("version = 1\na = " + "[" * 5000, "not valid TOML"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(text: str, said: str) -> None:
    with pytest.raises(LockError) as caught:
        parse(text)
    assert said in str(caught.value)


# --- at run time --------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / NAME).write_text(serialise(LOCK), encoding="utf-8")
    below = tmp_path / "src" / "serving"
    below.mkdir(parents=True)
    (below / "serve.py").write_text(
        "import loralint\nfound = loralint.revision('org/model')\n", encoding="utf-8"
    )
    return tmp_path


def _run(path: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *more, str(path)], cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_script_finds_the_lock_above_itself(project: Path, tmp_path_factory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    script = project / "src" / "serving" / "serve.py"
    script.write_text(script.read_text() + "print(found)\n")
    assert _run(script, elsewhere).stdout == f"{A}\n"


def test_nothing_heavy_is_imported(project: Path) -> None:
    script = project / "src" / "serving" / "serve.py"
    script.write_text(
        script.read_text()
        + "import sys\nprint(sorted(m for m in sys.modules if m.startswith('loralint')))\n"
        + "print(sys.modules.keys() & {'click', 'libcst', 'yaml', 'torch', 'huggingface_hub'})\n"
    )
    ours = "['loralint', 'loralint.lockfile', 'loralint.reading', 'loralint.stamps']"
    assert _run(script, project).stdout.splitlines() == [ours, "set()"]


def test_without_a_file_the_working_directory_counts(project: Path, monkeypatch) -> None:
    monkeypatch.chdir(project / "src")
    names = {"loralint": loralint}
    exec("found = loralint.revision('org/model', ref='refs/pr/2')", names)
    assert names["found"] == B


def test_a_changed_lock_is_read_anew(project: Path, monkeypatch) -> None:
    monkeypatch.chdir(project)
    names = {"loralint": loralint}
    exec("found = loralint.revision('org/model')", names)
    lock = Lock((Artifact(id="org/model", commit=B, kind="another-length"),))
    (project / NAME).write_text(serialise(lock), encoding="utf-8")
    exec("found = loralint.revision('org/model')", names)
    assert names["found"] == B


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("'org/none'", "'org/none' is not in it: run `loralint lock`"),
        ("'org/model', ref='v9'", "only at 'main', 'refs/pr/2'"),
    ],
)
def test_what_is_not_locked_is_an_error(project: Path, monkeypatch, asked: str, said: str) -> None:
    monkeypatch.chdir(project)
    with pytest.raises(ValueError, match=r"loralint\.lock: ") as caught:
        exec(f"loralint.revision({asked})", {"loralint": loralint})
    assert said in str(caught.value)


def test_no_lock_is_an_error(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LockError, match="run `loralint lock`"):
        exec("loralint.revision('a/b')", {"loralint": loralint})


def test_several_refs_without_main_need_a_choice() -> None:
    two = tuple(Artifact(id="a/b", commit=A, ref=ref) for ref in ("v1", "v2"))
    with pytest.raises(LockError, match="say which with ref=: 'v1', 'v2'"):
        Lock(two).commit("a/b")
