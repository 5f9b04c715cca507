"""`loralint lock`: what is locked, what stays, what is stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from loralint.hub.cache import blob_id
from loralint.lockfile import NAME, Lock, parse
from tests.hub.cache import FakeCache
from tests.hub.server import Commit, FakeHub, Step

A, B, C, D = "a" * 40, "b" * 40, "c" * 40, "d" * 40

TRAIN = """\
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer

base = AutoModelForCausalLM.from_pretrained("org/base", revision="refs/pr/23")
tokenizer = AutoTokenizer.from_pretrained("org/base", revision="refs/pr/23")
model = get_peft_model(base, LoraConfig(r=8))
Trainer(model).train()
model.save_pretrained("out/a")
"""
SERVE = """\
import loralint
from peft import PeftModel
from transformers import AutoModelForCausalLM, pipeline

REVISION = loralint.revision("org/base", ref="refs/pr/23")
base = AutoModelForCausalLM.from_pretrained("org/base", revision=REVISION)
model = PeftModel.from_pretrained(base, "out/a")
judge = pipeline("text-classification", model="org/judge")
"""


@pytest.fixture
def phi(write, local: FakeCache) -> FakeCache:
    write({"train.py": TRAIN, "serve.py": SERVE})
    local.add("org/base", A, "refs/pr/23", large={"model.safetensors": b"1"})
    local.add("org/judge", C, "main")
    return local


def lock(project: Path) -> Lock:
    return parse((project / NAME).read_text(encoding="utf-8"))


def commits(project: Path) -> dict[tuple[str, str], str]:
    return {(one.id, one.ref): one.commit for one in lock(project).artifacts}


def test_everything_that_is_loaded_is_locked(project, phi, run) -> None:
    result = run("lock")
    assert result.exit_code == 0, result.output
    assert "Locked 2 artifacts in loralint.lock." in result.output
    base, judge = lock(project).artifacts
    assert (base.id, base.commit, base.ref, base.kind) == (
        "org/base",
        A,
        "refs/pr/23",
        "base-model",
    )
    assert [name for name, _ in base.files] == ["config.json", "model.safetensors"]
    assert (judge.id, judge.commit, judge.ref, judge.kind) == ("org/judge", C, "main", "pipeline")
    (adapter,) = lock(project).adapters
    assert (adapter.name, adapter.base, adapter.commit) == ("out/a", "org/base", A)


def test_a_second_run_changes_nothing(project, phi, run) -> None:
    run("lock")
    before = (project / NAME).read_bytes(), (project / NAME).stat().st_mtime_ns
    assert "is up to date" in run("lock").output
    assert ((project / NAME).read_bytes(), (project / NAME).stat().st_mtime_ns) == before
    assert (run("lock", "--check").exit_code, run("check", "--select", "LOR210").exit_code) == (
        0,
        0,
    )


def test_a_locked_commit_stays_until_it_is_upgraded(project, phi, run) -> None:
    run("lock")
    phi.add("org/base", B, "refs/pr/23")
    phi.add("org/judge", D, "main")
    assert run("lock", "--check").exit_code == 0
    assert "is up to date" in run("lock").output
    moved = run("lock", "--upgrade", "org/judge").output
    assert f"~ org/judge (main): {C} → {D}" in moved and "org/base" not in moved
    assert commits(project) == {("org/base", "refs/pr/23"): A, ("org/judge", "main"): D}
    run("lock", "--upgrade")
    assert commits(project) == {("org/base", "refs/pr/23"): B, ("org/judge", "main"): D}
    assert lock(project).adapters[0].commit == B


def test_upgrade_takes_a_folder_for_a_path(project, phi, run, write) -> None:
    write({"src/x.py": ""})
    assert run("lock", "--upgrade", "src").exit_code == 0
    unknown = run("lock", "--upgrade", "org/none")
    assert (
        unknown.exit_code == 2 and "org/none: the project loads no such artifact" in unknown.output
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: (p / NAME).unlink(), f"+ org/judge (main): {C}"),
        (lambda p: _edit(p / "serve.py", "org/judge", "org/x"), "+ org/x@main: is not locked"),
        (lambda p: _edit(p / "serve.py", 'model="org/judge"', 'model="./judge"'),
         f"- org/judge (main): {C}"),
        (lambda p: _edit(p / "serve.py", 'model="org/judge"', f'model="org/judge", revision="{D}"'),
         f"+ org/judge: {D}"),
        (lambda p: _edit(p / "serve.py", "judge = pipeline(\"text-classification\", model=",
                         "judge = AutoModelForCausalLM.from_pretrained("),
         "loaded as base-model, was pipeline"),
        (lambda p: _edit(p / "serve.py", '"out/a"', '"out/b"'), "+ adapter out/b on org/base"),
        (lambda p: _edit(p / NAME, f"git:{blob_id(b'{}')}", f"git:{'0' * 40}"),
         "config.json has another content than was locked"),
        (lambda p: _edit(p / NAME, C, D), None),
    ],
)  # fmt: skip
def test_what_makes_a_lock_stale(project, phi, run, change, said) -> None:
    run("lock")
    change(project)
    before = (project / NAME).exists() and (project / NAME).read_bytes()
    result = run("lock", "--check")
    assert (project / NAME).exists() is not (before is False)
    if said is None:  # the lock decides what nothing else does
        assert result.exit_code == 0
        return
    assert result.exit_code == 1, result.output
    assert said in result.output and "is stale: run `loralint lock`" in result.output
    assert before is False or (project / NAME).read_bytes() == before


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_pin_in_the_code_is_followed_with_the_ref_of_its_comment(project, local, run, write):
    write(
        {
            "serve.py": "from transformers import AutoModel\n"
            f'a = AutoModel.from_pretrained("org/a", revision="{A}")  # main, 2026-11-24\n'
            f'b = AutoModel.from_pretrained("org/b", revision="{B}")\n'
        }
    )
    local.add("org/a", C, "main")
    assert run("lock").exit_code == 0
    assert commits(project) == {("org/a", "main"): A, ("org/b", ""): B}
    assert run("lock", "--upgrade").exit_code == 0
    assert commits(project) == {("org/a", "main"): A, ("org/b", ""): B}
    assert run("check", "--select", "LOR210").exit_code == 0


def test_what_cannot_be_found_is_told_and_loses_nothing_else(project, phi, run, write) -> None:
    write(
        {"more.py": 'from transformers import AutoModel\nAutoModel.from_pretrained("org/none")\n'}
    )
    result = run("lock")
    assert result.exit_code == 1
    assert "error: org/none@main is not locked: org/none is not in the local cache" in result.output
    assert "--online asks the Hub" in result.output
    assert len(lock(project).artifacts) == 2


def test_an_upgrade_without_an_answer_keeps_the_lock(project, phi, run) -> None:
    run("lock")
    before = (project / NAME).read_bytes()
    (phi.folder / "models--org--judge" / "refs" / "main").unlink()
    assert run("lock", "--upgrade").exit_code == 1
    assert (project / NAME).read_bytes() == before


def test_hashes_are_gathered_and_never_lost(project, phi, run) -> None:
    """A machine with fewer files of a commit in its cache drops none from the lock."""
    run("lock")
    files = lock(project).artifacts[0].files
    snapshot = phi.folder / "models--org--base" / "snapshots" / A
    (snapshot / "model.safetensors").unlink()
    phi.add("org/base", A, files={"tokenizer.json": b"{}"})
    run("lock")
    assert set(lock(project).artifacts[0].files) > set(files)
    assert run("lock", "--check").exit_code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = 9\n", "version 9, and this loralint reads version 1: upgrade loralint"),
        ("<<<<<<< HEAD\n", "merge conflict"),
    ],
)
def test_a_lock_that_cannot_be_read_is_not_written_over(project, phi, run, write, text, said):
    write({NAME: text})
    for more in ((), ("--check",), ("--upgrade",)):
        result = run("lock", *more)
        assert result.exit_code == 2 and said in result.output and NAME in result.output
    assert (project / NAME).read_text() == text
    assert "LOR001" in run("check", "--output-format", "concise").output


def test_a_nested_lock_holds_for_its_folder(project, phi, run, write) -> None:
    one = 'from transformers import AutoModel\nAutoModel.from_pretrained("org/judge")\n'
    write({"app/loralint.lock": "version = 1\n", "app/serve.py": one})
    run("lock")
    assert [one.id for one in lock(project / "app").artifacts] == ["org/judge"]
    assert [one.id for one in lock(project).artifacts] == ["org/base", "org/judge"]


def test_a_part_of_the_project_locks_all_of_it(project, phi, run, write) -> None:
    write({"src/x.py": "x = 1\n"})
    run("lock", "src")
    assert len(lock(project).artifacts) == 2


def test_nothing_to_read(project, local, run) -> None:
    assert run("lock").exit_code == 3


def test_nothing_to_lock(project, local, run, write) -> None:
    write({"a.py": "x = 1\n"})
    assert run("lock", "--check").exit_code == 0
    assert run("lock").exit_code == 0
    assert not (project / NAME).exists()


def test_offline_means_offline(project, phi, run, monkeypatch) -> None:
    import socket

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert run("lock").exit_code == 0


# --- online -------------------------------------------------------------------------------------

TOKEN = "hf_THISISTHEMARKERTOKEN"


def test_online_the_hub_is_asked_for_the_rest(project, phi, run, write, monkeypatch) -> None:
    pytest.importorskip("huggingface_hub")
    write(
        {
            "pyproject.toml": '[tool.loralint]\nhub-endpoint = "URL"\n',
            "more.py": "from transformers import AutoModel\n"
            'AutoModel.from_pretrained("org/far")\nAutoModel.from_pretrained("org/gone")\n',
        }
    )
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with FakeHub.running() as hub:
        _edit(project / "pyproject.toml", "URL", hub.url)
        hub.add("org/far", Commit(D, {"config.json": "1" * 40, "model.safetensors": "5" * 64}))
        hub.script["org/gone"] = [Step(401)] * 9
        refused = run("lock", "--online")
        assert refused.exit_code == 2 and f"--endpoint {hub.url}" in refused.output
        assert not (project / "loralint.lock").exists()
        result = run("lock", "--online", "--endpoint", hub.url)
    assert result.exit_code == 1
    assert commits(project)["org/far", "main"] == D
    assert commits(project)["org/base", "refs/pr/23"] == A
    assert "org/gone@main is not locked" in result.output
    (far,) = lock(project).of("org/far")
    assert dict(far.files)["model.safetensors"] == f"sha256:{'5' * 64}"
    everything = result.output + "".join(
        path.read_text(errors="replace") for path in project.rglob("*") if path.is_file()
    )
    assert TOKEN not in everything
    assert all(seen.authorization is None for seen in hub.seen)  # the project named the endpoint


def test_without_huggingface_hub_online_says_what_to_install(project, phi, run, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    result = run("lock", "--online")
    assert result.exit_code == 2 and "pip install 'loralint[hub]'" in result.output
