"""The commit that the weights prove, in adapter_config.json and in the model card."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

import torch
from huggingface_hub import ModelCard
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

import loralint
from loralint import contract as contracts
from loralint.cli.group import loralint as program
from tests.verify.fake_hub import publish
from tests.verify.tiny import TARGETS, adapter, llama

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]

ROWS = [{"input_ids": list(range(3, 19)), "labels": list(range(3, 19))}] * 8


def config(folder):
    return json.loads((folder / "adapter_config.json").read_text())


def card(folder):
    return ModelCard.load(folder / "README.md").data


def recorded(folder):
    return contracts.parse((folder / contracts.NAME).read_bytes())


@pytest.fixture
def hub(tmp_path, hub_cache, request):
    """A base with an old commit that nobody names any more, and another one at `main`."""
    name = f"acme/{request.node.name.replace('[', '-').rstrip(']')}"
    old = publish(hub_cache, name, llama(tmp_path / "v1", seed=1), "refs/pr/23")
    new = publish(hub_cache, name, llama(tmp_path / "v2", seed=2), "main")
    return name, old, new


def saved(name, folder, revision):
    return adapter(name, folder, load={"revision": revision})


def test_the_commit_is_told_by_the_weights_and_not_by_what_main_is_now(hub, tmp_path):
    name, old, new = hub
    model = saved(name, tmp_path / "a", "refs/pr/23")
    assert config(tmp_path / "a")["revision"] is None
    contract = loralint.record(model, tmp_path / "a", golden=False, write_revision=True)
    assert config(tmp_path / "a")["revision"] == old != new
    assert card(tmp_path / "a")["base_model_revision"] == old
    assert contract.adapter.config["revision"] == old
    assert recorded(tmp_path / "a") == contract


def test_the_rest_of_both_files_stays(hub, tmp_path):
    name, _, _ = hub
    model = saved(name, tmp_path / "a", "main")
    before, said = config(tmp_path / "a"), ModelCard.load(tmp_path / "a" / "README.md")
    loralint.record(model, tmp_path / "a", golden=False, write_revision=True)
    after, says = config(tmp_path / "a"), ModelCard.load(tmp_path / "a" / "README.md")
    assert {**after, "revision": None} == before
    assert list(after) == list(before)
    assert says.text == said.text
    assert {**says.data.to_dict(), "base_model_revision": None} == {
        **said.data.to_dict(), "base_model_revision": None
    }  # fmt: skip


def test_nothing_is_written_unless_it_is_asked_for(hub, tmp_path):
    name, _, _ = hub
    model = saved(name, tmp_path / "a", "main")
    before = {one.name: one.read_bytes() for one in (tmp_path / "a").iterdir()}
    contract = loralint.record(model, tmp_path / "a", golden=False)
    assert "revision" not in contract.skipped
    assert {name: (tmp_path / "a" / name).read_bytes() for name in before} == before


def test_a_base_in_a_folder_has_no_commit(tmp_path):
    model = adapter(str(llama(tmp_path / "base")), tmp_path / "a")
    contract = loralint.record(model, tmp_path / "a", golden=False, write_revision=True)
    assert "is a folder, and has no commit" in contract.skipped["revision"]
    assert config(tmp_path / "a")["revision"] is None
    assert "base_model_revision" not in card(tmp_path / "a").to_dict()


def test_a_base_that_is_in_no_cache_has_none_either(hub, hub_cache, tmp_path):
    name, _, _ = hub
    model = saved(name, tmp_path / "a", "main")
    shutil.rmtree(hub_cache / f"models--{name.replace('/', '--')}")
    contract = loralint.record(model, tmp_path / "a", golden=False, write_revision=True)
    assert contract.skipped["revision"]
    assert config(tmp_path / "a")["revision"] is None


def test_two_commits_with_the_same_small_tensors_prove_nothing(tmp_path, hub_cache):
    """What 4 bits leave as it was, the norms, is the same in both: which one was it?"""
    first = llama(tmp_path / "v1", seed=1)
    other = AutoModelForCausalLM.from_pretrained(first)
    with torch.no_grad():
        for name, weight in other.named_parameters():
            if "proj" in name:
                weight.add_(1.0)
    other.save_pretrained(tmp_path / "v2")
    publish(hub_cache, "acme/twins", first, "old")
    publish(hub_cache, "acme/twins", tmp_path / "v2", "main")
    from transformers import BitsAndBytesConfig

    nf4 = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
    load = {"revision": "old", "quantization_config": nf4}
    model = adapter("acme/twins", tmp_path / "a", load=load)
    contract = loralint.record(model, tmp_path / "a", golden=False, write_revision=True)
    assert "say which was loaded" in contract.skipped["revision"]
    assert config(tmp_path / "a")["revision"] is None
    told = loralint.record(model, tmp_path / "a", golden=False, revision="old", write_revision=True)
    assert config(tmp_path / "a")["revision"] == told.base.commit


DAMAGED = {"no-yaml": "---\n: [\n---\n# mine\n", "a-list": "---\n- a\n- b\n---\n"}


@pytest.mark.parametrize("text", [*DAMAGED.values(), "no metadata"], ids=[*DAMAGED, "none"])
def test_a_damaged_card_is_left_alone_and_told(text, hub, tmp_path):
    name, old, _ = hub
    model = saved(name, tmp_path / "a", "refs/pr/23")
    (tmp_path / "a" / "README.md").write_text(text)
    contract = loralint.record(model, tmp_path / "a", golden=False, write_revision=True)
    if text == "no metadata":  # that is a card without any yet
        assert card(tmp_path / "a")["base_model_revision"] == old
    else:
        assert "README.md cannot be read as a model card" in contract.skipped["revision"]
        assert (tmp_path / "a" / "README.md").read_text() == text


def test_every_save_of_a_trainer_has_it(hub, tmp_path):
    name, old, _ = hub
    base = AutoModelForCausalLM.from_pretrained(name, revision="refs/pr/23")
    config_ = LoraConfig(r=4, target_modules=TARGETS, task_type="CAUSAL_LM")
    trainer = Trainer(
        get_peft_model(base, config_),
        TrainingArguments(
            output_dir=str(tmp_path / "run"), max_steps=2, save_steps=1, report_to=[],
            per_device_train_batch_size=2, use_cpu=True, disable_tqdm=True,
        ),
        train_dataset=ROWS,
        callbacks=[loralint.RecordCallback(golden=False, write_revision=True)],
    )  # fmt: skip
    trainer.train()
    trainer.save_model(str(tmp_path / "run"))
    trainer.create_model_card()  # as it does when it pushes to the Hub
    for folder in ("run", "run/checkpoint-1", "run/checkpoint-2"):
        assert config(tmp_path / folder)["revision"] == old
        assert recorded(tmp_path / folder).adapter.config["revision"] == old
        assert card(tmp_path / folder)["base_model_revision"] == old


def test_the_command_says_what_it_wrote(hub, tmp_path):
    name, old, _ = hub
    saved(name, tmp_path / "a", "refs/pr/23")
    asked = ["record", str(tmp_path / "a"), "--offline", "--revision", "refs/pr/23"]
    done = CliRunner().invoke(program, [*asked, "--write-revision"])
    assert done.exit_code == 0, done.output
    assert f"revision: wrote {old} into adapter_config.json" in done.output
    assert config(tmp_path / "a")["revision"] == old


def test_without_a_model_nothing_is_proved(hub, tmp_path):
    name, _, _ = hub
    saved(name, tmp_path / "a", "main")
    asked = ["record", str(tmp_path / "a"), "--offline", "--no-golden", "--write-revision"]
    done = CliRunner().invoke(program, asked)
    assert done.exit_code == 0, done.output
    assert "not recorded: revision: no model is loaded" in done.output
    assert config(tmp_path / "a")["revision"] is None
