"""Each of PEFT's types: what PEFT loads without drift is verified, by command and from Python."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

import torch
from peft import PeftModel, PeftType, get_peft_model
from transformers import AutoModelForCausalLM

import loralint
from loralint.cli.group import loralint as program
from tests.verify.every_type import OF_SEVERAL, config
from tests.verify.zoo import randomise

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]

ASKED = {"input_ids": torch.arange(3, 15)[None]}
LABELS = {"CPT"}
"""Types that want to be told the answer."""
TASKS = {"MULTITASK_PROMPT_TUNING", "POLY"}
"""Types that want to be told the task of each question."""


def answer(model, kind):
    asked = ASKED | ({"task_ids": torch.tensor([1])} if kind in TASKS else {})
    asked |= {"labels": ASKED["input_ids"]} if kind in LABELS else {}
    with torch.no_grad():
        return model(**asked).logits


def command(*given):
    done = CliRunner().invoke(program, ["verify", *given, "--output-format", "json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code != 2, done.output
    return json.loads(done.stdout)


def failed(call):
    """The findings with which a call of the interface fails; empty where it does not."""
    try:
        call()
    except loralint.AdapterVerificationError as error:
        return [f"{one.code}: {one.message}" for one in error.findings] or [str(error)]
    return []


KINDS = sorted(one.value for one in PeftType)


@pytest.mark.parametrize("kind", KINDS)
def test_what_peft_loads_is_verified(kind, zoo, tmp_path):
    if kind in OF_SEVERAL:
        pytest.skip("it is made of adapters that lie elsewhere")
    base = zoo.base("llama")
    torch.manual_seed(1)
    made = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config(PeftType(kind)))
    randomise(made)
    folder = tmp_path / kind
    made.eval().save_pretrained(folder)
    torch.manual_seed(2)
    again = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder).eval()
    assert torch.equal(answer(again, kind), answer(made, kind)), "PEFT's own load drifts"
    assert not torch.equal(answer(again, kind)[..., -4:, :], _plainly(base)), "it has no effect"

    said = command(str(folder))
    told = [one["message"] for one in said["findings"]] + [one["reason"] for one in said["skipped"]]
    assert said["verdict"] == "verified", told
    assert failed(lambda: loralint.load_verified(str(folder))) == []
    loaded = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder).eval()
    assert failed(lambda: loralint.verify_loaded(loaded, folder)) == []


def _plainly(base):
    with torch.no_grad():
        return AutoModelForCausalLM.from_pretrained(base)(**ASKED).logits[..., -4:, :]
