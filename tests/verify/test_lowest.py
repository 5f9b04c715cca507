"""What has to work with the lowest versions of pyproject.toml, as well as with the newest.

`make test-lowest` runs this file, and little else, in an environment with the former.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

import torch
from transformers import Trainer, TrainingArguments

import loralint
from loralint.cli.group import loralint as program
from tests.verify import surgery
from tests.verify.tiny import adapter, llama

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]

BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "bitsandbytes":
            raise ModuleNotFoundError("No module named 'bitsandbytes'", name="bitsandbytes")
import importlib.metadata as metadata, importlib.util as util
version, find_spec = metadata.version, util.find_spec
def no_version(name):
    if name == "bitsandbytes":
        raise metadata.PackageNotFoundError(name)
    return version(name)
def no_spec(name, package=None):
    return None if name == "bitsandbytes" else find_spec(name, package)
metadata.version, util.find_spec = no_version, no_spec
sys.meta_path.insert(0, Blocked())
from loralint.cli import main
sys.argv[0] = "loralint"
raise SystemExit(main())
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lowest")
    base = llama(folder / "base", tokenizer=True)
    return adapter(str(base), folder / "adapter"), folder / "adapter"


def verify(*given):
    """Exit code and what is said."""
    asked = ["verify", *map(str, given), "--offline", "--output-format", "json"]
    done = CliRunner().invoke(program, asked)
    assert done.exit_code != 2, done.output
    return done.exit_code, json.loads(done.stdout[done.stdout.index("{") :])


@pytest.mark.parametrize("options", [(), ("--quantization", "none"), ("--tier", "header")])
def test_a_healthy_adapter_is_verified(trained, options):
    code, said = verify(trained[1], *options)
    assert (code, said["verdict"]) == (0, "verified"), said


def test_one_that_lost_a_tensor_is_not(trained, tmp_path):
    folder = surgery.copied(trained[1], tmp_path / "a")
    surgery.without("layers.0", "q_proj.lora_B")(folder)
    code, said = verify(folder)
    assert code == 1
    assert "LOR501" in {one["code"] for one in said["findings"]}


def test_programs_load_it_and_hold_what_they_loaded_to_the_folder(trained):
    model, folder = trained
    loaded = loralint.load_verified(str(folder))
    ids = torch.arange(3, 15)[None]
    with torch.no_grad():
        assert torch.equal(loaded(input_ids=ids).logits, model(input_ids=ids).logits)
    loralint.verify_loaded(model, folder)


def test_it_is_recorded_and_held_to_the_record(trained, tmp_path):
    folder = surgery.copied(trained[1], tmp_path / "a")
    contract = loralint.record(trained[0], folder)
    assert contract.golden is not None
    code, said = verify(folder)
    assert (code, said["verdict"]) == (0, "verified"), said
    surgery.config(lora_alpha=3)(folder)
    code, said = verify(folder)
    assert code == 1
    assert "LOR508" in {one["code"] for one in said["findings"]}


def test_a_trainer_records(trained, tmp_path):
    trainer = Trainer(
        trained[0],
        TrainingArguments(output_dir=str(tmp_path), max_steps=1, report_to=[], use_cpu=True),
        train_dataset=[{"input_ids": list(range(3, 19)), "labels": list(range(3, 19))}] * 8,
        callbacks=[loralint.RecordCallback(golden=False)],
    )
    for name, parameter in trained[0].named_parameters():
        parameter.requires_grad = "lora_" in name
    trainer.train()
    assert (tmp_path / "checkpoint-1" / "loralint.json").is_file()


def test_without_bitsandbytes_it_is_said_what_to_install(trained):
    asked = ["verify", str(trained[1]), "--offline", "--output-format", "json"]
    for options, code in (((), 0), (("--quantization", "nf4"), 3)):
        start = [sys.executable, "-c", BLOCKED, *asked, *options]
        done = subprocess.run(start, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert "pip install bitsandbytes" in done.stdout
