"""Folders with several adapters, as PEFT saves a model that has more than one."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from loralint.cli import loralint
from loralint.verify.result import TierResult, Verification, joined
from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from tests.verify import surgery
from tests.verify.fake_hub import publish
from tests.verify.tiny import TARGETS, llama
from tests.verify.zoo import randomise

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]

TENSORS = {"default": 12, "reward": 12, "value": 4}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with the adapters `default`, `reward` and `value`, and a checkpoint of training."""
    tmp = tmp_path_factory.mktemp("several")
    base = AutoModelForCausalLM.from_pretrained(llama(tmp / "base"))
    model = get_peft_model(base, LoraConfig(r=4, target_modules=TARGETS, task_type="CAUSAL_LM"))
    model.add_adapter("reward", LoraConfig(r=8, target_modules=TARGETS, task_type="CAUSAL_LM"))
    model.add_adapter("value", LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    for name in TENSORS:
        model.set_adapter(name)
        randomise(model)
    model.save_pretrained(tmp / "out")
    shutil.copytree(tmp / "out" / "value", tmp / "out" / "checkpoint-5")
    return tmp / "out"


@pytest.fixture
def folder(saved, tmp_path):
    return surgery.copied(saved, tmp_path / "out")


def verify(adapter, *arguments):
    given = ["verify", str(adapter), "--quantization", "none", "--tier", "header", "--tier",
             "dry-run", "--tier", "load", *arguments]  # fmt: skip
    return CliRunner().invoke(loralint, given, catch_exceptions=False)


def as_json(result):
    return json.loads(result.stdout)


def test_each_is_verified_and_the_object_is_one(folder):
    result = verify(folder, "--output-format", "json")
    found = as_json(result)
    assert (result.exit_code, found["verdict"], found["findings"]) == (0, "verified", [])
    assert (found["adapter"], found["base"]) == (str(folder), str(folder_base(folder)))
    assert [tier["name"] for tier in found["tiers"]] == ["header", "dry-run", "load"]
    assert {tier["checked"] for tier in found["tiers"]} == {sum(TENSORS.values())}
    assert [one["what"] for one in found["skipped"]] == [
        f"{folder}: the adapter in the subfolder checkpoint-5"
    ]


def folder_base(folder):
    return json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"]


def test_text_has_one_report_for_each(folder):
    lines = verify(folder).stdout.splitlines()
    titles = [line.split()[1] for line in lines if line.startswith("VERIFIED")]
    assert titles == [str(folder), f"{folder}/reward", f"{folder}/value"]


def test_one_wrong_adapter_decides_and_is_named(folder):
    surgery.filled(0.0, "lora_B")(folder / "reward")
    result = verify(folder, "--output-format", "json")
    found = as_json(result)
    assert (result.exit_code, found["verdict"]) == (1, "failed")
    assert [(one["code"], one["filename"]) for one in found["findings"]] == [
        ("LOR507", (folder / "reward" / "adapter_model.safetensors").as_posix())
    ]


def test_pickle_beside_right_ones_leaves_it_undecided(folder):
    (folder / "value" / "adapter_model.safetensors").rename(folder / "value" / "adapter_model.bin")
    result = verify(folder, "--output-format", "json")
    found = as_json(result)
    assert (result.exit_code, found["verdict"]) == (3, "inconclusive")
    assert any(one["what"].startswith(f"{folder}/value: ") for one in found["skipped"])


def test_damaged_one_is_named(folder):
    path = folder / "value" / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:50])
    result = verify(folder)
    assert result.exit_code == 2
    assert str(path) in result.stderr


def test_without_one_called_default(folder):
    for file in folder.glob("adapter_*"):
        file.unlink()
    found = as_json(verify(folder, "--output-format", "json"))
    assert (found["verdict"], found["tiers"][0]["checked"]) == ("verified", 16)


def test_only_checkpoints_are_to_be_named(folder):
    for name in ("reward", "value"):
        shutil.rmtree(folder / name)
    for file in folder.glob("adapter_*"):
        file.unlink()
    result = verify(folder)
    assert result.exit_code == 2
    assert f"name one of {folder / 'checkpoint-5'}" in result.stderr


def test_subfolder_alone_is_one_adapter(folder):
    found = as_json(verify(folder / "value", "--output-format", "json"))
    assert (found["adapter"], found["tiers"][0]["checked"]) == (str(folder / "value"), 4)


def test_several_on_the_hub(folder, hub_cache):
    publish(hub_cache, "acme/several", folder, "main")
    found = as_json(verify("acme/several", "--offline", "--output-format", "json"))
    assert (found["verdict"], found["tiers"][0]["checked"]) == ("verified", 28)
    assert found["adapter"] == "acme/several"


def test_joined_is_as_grave_as_the_gravest():
    def one(adapter, verdict, base, seconds):
        tiers = (TierResult("header", "verified", 1.0, 3), TierResult("load", verdict, seconds, 3))
        return Verification(verdict, adapter, base, "abc", tiers)

    found = joined("out", [one("out", "verified", "x", 2.0), one("out/b", "inconclusive", "y", 3)])
    assert (found.verdict, found.base, found.revision) == ("inconclusive", None, "abc")
    assert found.tiers[1] == TierResult("load", "inconclusive", 5.0, 6)
