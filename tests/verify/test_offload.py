"""Models whose weights accelerate keeps elsewhere, as a base too large for its GPU has them.

Without a GPU the same hooks are made by hand: weights on the meta device, values in a mapping.
"""

from __future__ import annotations

import pytest

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

import torch
from accelerate import cpu_offload, disk_offload
from accelerate.hooks import AlignDevicesHook, add_hook_to_module
from peft import PeftModel
from transformers import AutoModelForCausalLM

from loralint.verify import loading
from loralint.verify.answers import Question, both, question
from loralint.verify.arrival import arrival
from loralint.verify.attempts import Bench
from loralint.verify.case import Case
from loralint.verify.folder import open_folder
from loralint.verify.result import SILENT
from tests.verify.tiny import adapter, llama

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]

SPREAD = {"model.embed_tokens": "cpu", "model.layers.0": "cpu", "model.layers.1": "disk",
          "model.norm": "cpu", "model.rotary_emb": "cpu", "lm_head": "cpu"}  # fmt: skip


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    tmp = tmp_path_factory.mktemp("offload")
    base = llama(tmp / "base")
    adapter(str(base), tmp / "a", target_modules=["q_proj", "down_proj", "lm_head"])
    return base, tmp / "a"


def case(pair):
    return Case(adapter=pair[1], name="a", base=str(pair[0]), quantization="none")


@pytest.fixture(params=["memory", "disk"])
def model(request, pair, tmp_path):
    """The adapter on its base, all of both on the meta device between two forwards."""
    made = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(pair[0]), pair[1])
    if request.param == "memory":
        cpu_offload(made, execution_device="cpu")
    else:
        disk_offload(made, str(tmp_path / "kept"), execution_device="cpu")
    assert all(one.is_meta for one in made.parameters())
    return made


def weight(model):
    """The hook that keeps one of the adapter's tensors."""
    return model.base_model.model.model.layers[1].mlp.down_proj.lora_B["default"]._hf_hook


def test_kept_tensors_are_compared(model, pair):
    found = arrival(model, case(pair), open_folder(pair[1]))
    assert (found.findings, found.skipped, found.checked) == ((), (), 11)


def test_wrong_tensor_among_them_is_found(model, pair):
    kept = weight(model).weights_map
    right = kept["weight"]
    weight(model).weights_map = {"weight": right + 1}
    found = arrival(model, case(pair), open_folder(pair[1]))
    assert [one.code for one in found.findings] == ["LOR504"]
    assert "1 tensor of 11" in found.findings[0].message


def test_tensor_that_is_kept_nowhere_is_found(model, pair):
    """The check for tensors without values is on for such models too."""
    weight(model).offload = False
    found = arrival(model, case(pair), open_folder(pair[1]))
    assert [one.code for one in found.findings] == ["LOR504"]
    assert "meta device" in str(found.findings[0])


def test_base_tensor_that_is_kept_nowhere_is_found(model, pair):
    norm = model.base_model.model.model.norm
    norm._hf_hook.offload = False
    found = arrival(model, case(pair), open_folder(pair[1]))
    assert [one.code for one in found.findings] == ["LOR504"]
    assert "norm" in found.findings[0].message


def test_answers_are_those_of_the_model_in_memory(model, pair):
    plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(pair[0]), pair[1])
    config = open_folder(pair[1]).config
    for whole in (True, False):
        asked = question(model, config, whole=whole)
        assert torch.equal(both(model, asked).full, both(plain, asked).full)


def test_whole_blocks_are_fetched_by_one_hook(pair):
    """As a device map has it: the hook of a block keeps the tensors of all its modules."""
    plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(pair[0]), pair[1])
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(pair[0]), pair[1])
    block = AlignDevicesHook(execution_device="cpu", offload=True, place_submodules=True)
    add_hook_to_module(model.get_base_model().model, block)
    folder = open_folder(pair[1])
    assert arrival(model, case(pair), folder).findings == ()
    asked = Question("model", (tuple(range(16)),))
    assert torch.equal(both(model, asked).full, both(plain, asked).full)


def test_two_loads_are_compared_by_value(model, pair):
    plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(pair[0]), pair[1])
    assert loading.differences(model, plain) == []
    norm = plain.base_model.model.model.norm
    norm.weight.data += 1
    assert loading.differences(model, plain) == ["base_model.model.model.norm.weight"]


def test_base_that_would_lie_on_disk_is_undecided(pair, monkeypatch, tmp_path):
    """PEFT would write into the base's folder; and on this machine it fails, which is no fault."""
    given = {"device_map": SPREAD, "offload_folder": str(tmp_path / "kept")}
    monkeypatch.setattr(loading, "_placement", lambda case: given)
    one = case(pair)
    found = Bench(one, open_folder(pair[1]), SILENT).arrived()
    assert (found.verdict, found.findings) == ("inconclusive", ())
    assert "leave a part of it on disk" in found.skipped[0].reason


def test_spread_base_is_noted(pair, monkeypatch):
    monkeypatch.setattr(loading, "spills", lambda model: True)
    one = case(pair)
    found = Bench(one, open_folder(pair[1]), SILENT).arrived()
    assert found.verdict == "verified"
    assert [(one.what, "kept in memory" in one.reason) for one in found.skipped] == [
        ("the load as it was asked for", True)
    ]
