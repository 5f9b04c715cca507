"""`check --runtime` and `verify --pair` on issue 1678: real command lines, in nf4 on the CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.models

TRAIN = """\
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, Trainer

config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
base = AutoModelForCausalLM.from_pretrained(
    "acme/phi", revision="refs/pr/23", quantization_config=config, trust_remote_code=True
)
model = get_peft_model(base, LoraConfig(r=8, task_type="CAUSAL_LM"))
Trainer(model=model).train()
model.save_pretrained("out/phi")
"""
INFER = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
base = AutoModelForCausalLM.from_pretrained(
    "acme/phi", quantization_config=config, trust_remote_code=True
)
model = PeftModel.from_pretrained(base, "out/phi")
model.generate()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    from tests.verify import phi_hub

    home = tmp_path_factory.mktemp("hf")
    phi_hub.build(home)
    return home


@pytest.fixture(scope="module")
def project(home, tmp_path_factory):
    from tests.verify import phi_hub

    root = tmp_path_factory.mktemp("project")
    phi_hub.train(home, root / "out" / "phi")
    (root / "train.py").write_text(TRAIN)
    (root / "infer.py").write_text(INFER)
    return root


def loralint(home, folder, *arguments):
    environment = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "loralint", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd=folder,
        check=False,
        timeout=600,
    )


def check(home, folder, *arguments):
    options = ("--isolated", "--no-cache", "--select", "LOR201", "--runtime", *arguments)
    return loralint(home, folder, "check", *options)


@pytest.fixture(scope="module")
def checked(home, project):
    return check(home, project, "--trust-remote-code", "--output-format", "json")


def test_one_mistake_is_one_finding_with_its_proof(checked):
    assert checked.returncode == 1, checked.stderr
    (found,) = json.loads(checked.stdout)
    assert found["code"] == "LOR201"
    assert (found["filename"], found["location"]["row"]) == ("infer.py", 5)
    assert [(r["filename"], r["location"]["row"]) for r in found["related"]] == [("train.py", 6)]
    assert (
        "proved by loading (LOR501, LOR502): 8 adapter tensors of acme/phi get" in found["message"]
    )


def test_which_side_fits_is_said_in_one_line(checked):
    (line,) = [one for one in checked.stderr.splitlines() if one.startswith("runtime: ")]
    assert "out/phi fits the base of training, acme/phi at refs/pr/23" in line
    assert "does not fit the base of inference, acme/phi at its default branch" in line


def test_remote_code_is_not_run_unasked(home, project):
    done = check(home, project, "-v")
    assert done.returncode == 1
    assert "LOR501" in done.stdout
    assert "it runs only with --trust-remote-code" in done.stdout
    assert "is undecided on the base of training" in done.stderr


def test_undecided_is_not_fine(home, project, tmp_path):
    """Nothing but the flagged pair, of which nothing is found and nothing decided: a 3."""
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "infer.py").write_text(INFER)
    done = check(home, tmp_path, "--fail-on", "never")
    assert (done.returncode, "out/phi is not on this machine" in done.stderr) == (3, True)
    assert check(home, tmp_path, "--exit-zero").returncode == 0


def test_comment_takes_away_what_loading_finds(home, project, tmp_path):
    """A pair about which nothing is said is not loaded, and what proves nothing is not said."""
    marked = INFER.replace('"acme/phi",', '"acme/phi",  # loralint: ignore[LOR201] known')
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "infer.py").write_text(marked)
    (tmp_path / "out").symlink_to(project / "out")
    done = check(home, tmp_path, "--trust-remote-code", "--output-format", "json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_one_pair_by_its_files(home, project):
    done = loralint(
        home, project, "verify", "--pair", "train.py", "infer.py",
        "--trust-remote-code", "--output-format", "json",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    outcomes = json.loads(done.stdout)
    assert [(one["verdict"], one["revision"]) for one in outcomes] == [
        ("verified", "refs/pr/23"),
        ("failed", None),
    ]
    assert {one["code"] for one in outcomes[1]["findings"]} == {"LOR501", "LOR502"}
    for one in outcomes[1]["findings"]:
        assert one["fix"]["message"] == 'write revision="refs/pr/23" in infer.py:5'


def test_files_that_share_nothing_are_unusable(home, project):
    done = loralint(home, project, "verify", "--pair", "infer.py", "infer.py")
    assert done.returncode == 2
    assert "loralint pairs" in done.stderr
