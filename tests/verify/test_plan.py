"""Pairs of a project as cases, children that go wrong, and what comes out of both."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from loralint import engine
from loralint.config import Config
from loralint.engine.request import Request
from loralint.verify import child, runtime
from loralint.verify.case import Case
from loralint.verify.child import ChildError, Task, read_task, write
from loralint.verify.codes import LOR501, finding
from loralint.verify.pairs import Surroundings, between, flagged, plans
from loralint.verify.result import TierResult, Verification
from loralint.verify.runtime import Runner
from tests.verify.fake_hub import publish

TRAIN = """
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, Trainer
import torch

config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4",
                            bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.bfloat16)
base = AutoModelForCausalLM.from_pretrained("acme/phi", revision="refs/pr/23",
                                            quantization_config=config, trust_remote_code=True)
model = get_peft_model(base, LoraConfig(r=8, task_type="CAUSAL_LM"))
Trainer(model=model).train()
model.save_pretrained("out/phi")
"""
INFER = """
from peft import PeftModel
from transformers import AutoModel

base = AutoModel.from_pretrained("acme/phi", torch_dtype="float16")
model = PeftModel.from_pretrained(base, "out/phi")
model.generate()
"""


@pytest.fixture
def project(tmp_path):
    """Makes a project of two files; its adapter folder is there unless it is told."""

    def make(train: str = TRAIN, infer: str = INFER, adapter: str | None = "out/phi"):
        for name, text in {"train.py": train, "infer.py": infer}.items():
            (tmp_path / name).write_text(textwrap.dedent(text), encoding="utf-8")
        if adapter is not None:
            (tmp_path / adapter).mkdir(parents=True)
            (tmp_path / adapter / "adapter_config.json").write_text('{"peft_type": "LORA"}')
        request = Request(str(tmp_path), (str(tmp_path),), Config(), cached=False)
        return engine.gather(request).project, engine.check(request).diagnostics

    return make


def planned(made, root: Path, **around):
    project, diagnostics = made
    return plans(project, flagged(project, diagnostics), Surroundings(root, **around))


def test_each_side_is_loaded_as_its_code_does(project, tmp_path):
    (plan,) = planned(project(), tmp_path, trust_remote_code=True)
    train, infer = (side.case for side in plan.sides)
    assert (train.base, train.revision) == ("acme/phi", "refs/pr/23")
    assert (train.quantization, train.double_quant, train.dtype) == ("nf4", True, "bfloat16")
    assert (train.trust_remote_code, train.model_class) == (True, "AutoModelForCausalLM")
    assert (infer.base, infer.revision) == ("acme/phi", None)
    assert (infer.quantization, infer.dtype) == ("none", "float16")
    assert (infer.trust_remote_code, infer.model_class) == (False, "AutoModel")
    assert train.adapter == infer.adapter == tmp_path / "out/phi"
    assert train.offline
    assert infer.offline


def test_remote_code_runs_only_where_both_say_so(project, tmp_path):
    (plan,) = planned(project(), tmp_path)
    assert [side.case.trust_remote_code for side in plan.sides] == [False, False]


def test_bare_4_bit_is_fp4_without_double_quantisation(project, tmp_path):
    bare = INFER.replace("import AutoModel", "import AutoModel, BitsAndBytesConfig").replace(
        'torch_dtype="float16"', "quantization_config=BitsAndBytesConfig(load_in_4bit=True)"
    )
    (plan,) = planned(project(infer=bare), tmp_path)
    case = plan.sides[1].case
    assert (case.quantization, case.double_quant, case.dtype) == ("fp4", False, "float32")


def test_pair_that_nothing_was_found_about_is_not_loaded(project, tmp_path):
    pinned = 'AutoModelForCausalLM.from_pretrained("acme/phi", revision="refs/pr/23"'
    same = INFER.replace("import AutoModel", "import AutoModelForCausalLM").replace(
        'AutoModel.from_pretrained("acme/phi", torch_dtype="float16"', f"{pinned}"
    )
    train = TRAIN.replace("quantization_config=config, trust_remote_code=True", "")
    made, diagnostics = project(train=train, infer=same)
    assert between(made, "train.py", "infer.py")
    assert flagged(made, diagnostics) == []


def test_adapter_that_is_not_there_is_said_by_name(project, tmp_path):
    (plan,) = planned(project(adapter=None), tmp_path)
    assert (plan.sides, plan.reason) == ((), "out/phi is not on this machine")
    (outcome,) = Runner(run=unexpected).pairs([plan])
    (skipped,) = runtime.skipped([outcome])
    assert (skipped.what, skipped.reason) == ("loading out/phi", plan.reason)
    assert not outcome.decided


def test_adapter_of_the_training_side_stands_in_for_one_on_the_hub(project, tmp_path):
    remote = INFER.replace('base, "out/phi"', 'base, "acme/adapter"')
    train = TRAIN + 'model.push_to_hub("acme/adapter")\n'
    made, _ = project(train=train, infer=remote)
    pairs = between(made, "train.py", "infer.py")
    (plan,) = plans(made, pairs, Surroundings(tmp_path))
    assert plan.adapter == "out/phi"


def test_revision_that_comes_from_outside_leaves_its_side_open(project, tmp_path):
    infer = "import sys\n" + INFER.replace("torch_dtype", "revision=sys.argv[1], torch_dtype")
    made, _ = project(infer=infer)
    (plan,) = plans(made, between(made, "train.py", "infer.py"), Surroundings(tmp_path))
    assert plan.sides[0].case is not None
    assert plan.sides[1].case is None
    assert plan.sides[1].reason.startswith("the revision cannot be known")
    (outcome,) = Runner(run=verified).pairs([plan])
    assert [ran.verdict for ran in outcome.sides] == ["verified", "inconclusive"]
    assert not outcome.decided


def test_local_base_is_found_from_the_root(project, tmp_path):
    (tmp_path / "base").mkdir()
    local = TRAIN.replace('"acme/phi", revision="refs/pr/23"', '"./base"')
    made, _ = project(train=local, infer=INFER.replace('"acme/phi"', '"./gone"'))
    pairs = between(made, "train.py", "infer.py")
    (plan,) = plans(made, pairs, Surroundings(tmp_path))
    assert plan.sides[0].case.base == str(tmp_path / "base")
    assert "there is no such folder" in plan.sides[1].reason


# --- what the cases say ---------------------------------------------------------------------


def unexpected(task: Task, timeout: float) -> Verification:
    raise AssertionError("nothing is to be run")


def verified(task: Task, timeout: float) -> Verification:
    tier = TierResult("load", "verified", 1.0, 12)
    case = task.case
    return Verification("verified", case.name, case.base, case.revision, (tier,))


def failed_without_revision(task: Task, timeout: float) -> Verification:
    """Issue 1678: the default branch is another model."""
    if task.case.revision is not None:
        return verified(task, timeout)
    lost = finding(LOR501, "8 get nothing", "out/phi/adapter_model.safetensors", help="pin it")
    return Verification("failed", task.case.name, task.case.base, None, (), (lost,))


def test_finding_stands_on_the_side_that_does_not_fit(project, tmp_path):
    made = planned(project(), tmp_path)
    (outcome,) = Runner(run=failed_without_revision).pairs(made)
    assert outcome.decided
    assert outcome.fitting == ("training",)
    (found,) = runtime.findings([outcome])
    assert (found.code, found.name, found.severity) == ("LOR501", "missing-adapter-keys", "error")
    assert str(found.place) == "infer.py:5"
    (related,) = found.related
    assert str(related.place).startswith("train.py:8")
    assert "fits the base as it is loaded for training" in related.message
    line = runtime.in_words(outcome)
    assert "fits the base of training, acme/phi at refs/pr/23" in line
    assert "does not fit the base of inference, acme/phi at its default branch (LOR501)" in line


def test_each_different_case_is_run_once(project, tmp_path):
    seen = []

    def counting(task: Task, timeout: float) -> Verification:
        seen.append((task.case.revision, timeout))
        return verified(task, timeout)

    plan = planned(project(), tmp_path)
    assert len(list(Runner(timeout=7, run=counting).pairs([*plan, *plan]))) == 2
    assert seen == [("refs/pr/23", 7), (None, 7)]


def test_crash_is_one_undecided_case_and_the_others_run(project, tmp_path):
    def crashing(task: Task, timeout: float) -> Verification:
        if task.case.revision is not None:
            raise ChildError("its process crashed (SIGSEGV)")
        return failed_without_revision(task, timeout)

    (outcome,) = Runner(run=crashing).pairs(planned(project(), tmp_path))
    assert [ran.verdict for ran in outcome.sides] == ["inconclusive", "failed"]
    assert [one.reason for one in runtime.skipped([outcome])] == ["its process crashed (SIGSEGV)"]
    assert [one.code for one in runtime.findings([outcome])] == ["LOR501"]
    assert not outcome.decided


# --- two bases that the adapter fits ---------------------------------------------------------


def published(cache, tmp_path, *contents: str) -> None:
    """Two revisions of acme/phi: configuration and weights, equal but for the contents given."""
    for number, (content, ref) in enumerate(zip(contents, ("refs/pr/23", "main"), strict=True)):
        folder = tmp_path / f"v{number}"
        folder.mkdir()
        config = '{"architectures": ["PhiForCausalLM"]}'
        (folder / "config.json").write_text(config)
        (folder / "model.safetensors").write_text(content)
        (folder / "README.md").write_text(f"revision {number}")
        publish(cache, "acme/phi", folder, ref)


def test_equal_names_and_other_weights_are_two_models(project, tmp_path, hub_cache):
    """No load can tell: every name and every shape is right on either side."""
    published(hub_cache, tmp_path, "old", "new")
    (outcome,) = Runner(run=verified).pairs(planned(project(), tmp_path))
    assert outcome.fitting == ("training", "inference")
    (found,) = runtime.findings([outcome])
    assert (found.code, str(found.place)) == ("LOR510", "infer.py:5")
    assert "model.safetensors differs between acme/phi at refs/pr/23 (PhiFor" in found.message
    assert found.fix.message == 'write revision="refs/pr/23" in infer.py:5'
    assert "but they are two models: model.safetensors differs" in runtime.in_words(outcome)


def test_equal_files_under_two_names_are_no_mismatch(project, tmp_path, hub_cache):
    published(hub_cache, tmp_path, "same", "same")
    made = project()
    (outcome,) = Runner(run=verified).pairs(planned(made, tmp_path))
    assert "they are the same files under two names" in runtime.in_words(outcome)
    assert "LOR201" in {one.code for one in made[1]}
    read, loaded = runtime.joined_with(made[1], [outcome])
    assert "LOR201" not in {one.code for one in read}
    assert loaded == []


def test_what_is_not_proved_is_not_cleared(project, tmp_path, hub_cache):
    published(hub_cache, tmp_path, "same", "same")
    made = project()
    (outcome,) = Runner(run=failed_without_revision).pairs(planned(made, tmp_path))
    read, loaded = runtime.joined_with(made[1], [outcome])
    (one,) = [one for one in read if one.code == "LOR201"]
    assert "; proved by loading (LOR501): 8 get nothing" in one.message
    assert loaded == []


# --- the processes --------------------------------------------------------------------------


@pytest.fixture
def task(tmp_path):
    case = Case(adapter=tmp_path / "ä", name="ä", base="acme/phi", revision="v1", dtype="float16")
    return Task(case, ("header", "load"), until_decided=True)


def test_task_reaches_the_child_as_it_is(task, tmp_path):
    write(tmp_path / "task", task)
    assert read_task(tmp_path / "task") == task


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", r"crashed \(SIGSEGV\)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "the memory was full"),
        ("raise MemoryError('3 GiB')", "its process failed: MemoryError: 3 GiB"),
        ("import sys; sys.exit(0)", "its process failed: without a word"),
        ("import sys; print('no adapter', file=sys.stderr); sys.exit(4)", "^no adapter$"),
        ("import time; time.sleep(60)", "did not end in the time"),
    ],
)
def test_child_that_comes_to_nothing(task, monkeypatch, code, says):
    monkeypatch.setattr(child, "BOOT", code)
    with pytest.raises(ChildError, match=says):
        child.run(task, timeout=0.5 if "sleep" in code else 60)


def test_what_a_child_has_started_ends_with_it(task, monkeypatch, tmp_path):
    pid = tmp_path / "pid"
    code = (
        "import subprocess, time, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pid)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    monkeypatch.setattr(child, "BOOT", code)
    with pytest.raises(ChildError):
        child.run(task, timeout=2)
    grandchild = int(pid.read_text())
    if not ends(grandchild):
        os.kill(grandchild, signal.SIGKILL)
        pytest.fail("it lives on")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_parent_leaves_neither_child_nor_folder(task, tmp_path, how):
    """A CI ends us with SIGTERM when its time is over; nobody is told of a SIGKILL."""
    code = (
        "import sys; from pathlib import Path\n"
        "from loralint.verify import child\n"
        "from loralint.verify.child import read_task\n"
        "child.end_on_sigterm()\n"
        "child.BOOT = 'import os, sys, time; from loralint.verify.child import end_with_parent;'"
        " 'from pathlib import Path; end_with_parent(Path(sys.argv[1]).parent);'"
        " 'open(sys.argv[-1], \"w\").write(str(os.getpid())); time.sleep(60)'\n"
        "child._path = lambda: [sys.argv[2]]\n"
        "child.run(read_task(Path(sys.argv[1])), 60)\n"
    )
    write(tmp_path / "task", task)
    pid, scratch = tmp_path / "pid", tmp_path / "scratch"
    scratch.mkdir()
    environment = {**os.environ, "TMPDIR": str(scratch)}
    parent = subprocess.Popen([sys.executable, "-c", code, tmp_path / "task", pid], env=environment)
    for _ in range(300):
        if pid.exists() and pid.read_text():
            break
        time.sleep(0.1)
    parent.send_signal(how)
    parent.wait(20)
    assert ends(int(pid.read_text()))
    for _ in range(50):
        if not any(scratch.iterdir()):
            break
        time.sleep(0.1)
    assert list(scratch.iterdir()) == []


def ends(process: int) -> bool:
    """Whether a process ends within five seconds."""
    state = Path(f"/proc/{process}/stat")
    for _ in range(50):
        if not state.exists() or state.read_text().split()[2] == "Z":
            return True
        time.sleep(0.1)
    return False


def test_modules_of_the_project_are_not_imported(task, tmp_path, monkeypatch):
    """A project may hold a `json.py` or a `torch.py`: the child starts in its folder."""
    trap = tmp_path / "trap"
    for name in ("json", "logging", "msgspec", "torch", "loralint"):
        text = f"open({str(trap)!r}, 'a').write({name!r})"
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    with pytest.raises(ChildError, match="no such folder"):
        child.run(task, timeout=60)
    assert not trap.exists(), trap.read_text()
