"""Merges that are not replayed tensor by tensor: other types, experts, biases, tied tables."""

from __future__ import annotations

import json

import pytest

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

import peft
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    BloomForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
)

from loralint.verify.case import Case
from loralint.verify.merged import check_merged
from tests.verify.tiny import VOCABULARY, llama

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]

Q_V = ["q_proj", "v_proj"]
TYPES = {
    "LoHa": lambda: peft.LoHaConfig(r=4, target_modules=Q_V, task_type="CAUSAL_LM"),
    "LoKr": lambda: peft.LoKrConfig(r=4, target_modules=Q_V, task_type="CAUSAL_LM"),
    "IA3": lambda: peft.IA3Config(
        target_modules=["k_proj", "down_proj"],
        feedforward_modules=["down_proj"],
        task_type="CAUSAL_LM",
    ),
    "OFT": lambda: peft.OFTConfig(oft_block_size=8, target_modules=Q_V, task_type="CAUSAL_LM"),
}


def mixtral(folder):
    torch.manual_seed(0)
    config = MixtralConfig(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        num_local_experts=4,
    )
    MixtralForCausalLM(config).save_pretrained(folder)
    return folder


def bloom(folder):
    torch.manual_seed(0)
    config = BloomConfig(vocab_size=VOCABULARY, hidden_size=64, n_layer=2, n_head=4)
    BloomForCausalLM(config).save_pretrained(folder)
    return folder


def trained(base, folder, config):
    """An adapter of which nothing is as it was made."""
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
    torch.manual_seed(5)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += torch.randn_like(parameter) * 0.05
    model.eval().save_pretrained(folder)
    return folder


def merged(base, folder, out):
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
    model.merge_and_unload().save_pretrained(out)
    return out


def check(base, folder, out):
    return check_merged(Case(adapter=folder, name="a", base=str(base)), out)


def damage(out, part):
    path = out / "model.safetensors"
    tensors = load_file(path)
    name = next(one for one in sorted(tensors) if part in one)
    tensors[name] = tensors[name] + 0.01
    save_file(tensors, path, metadata={"format": "pt"})


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_that_peft_merges(kind, tmp_path):
    base = llama(tmp_path / "base")
    folder = trained(base, tmp_path / "a", TYPES[kind]())
    out = merged(base, folder, tmp_path / "m")
    found = check(base, folder, out)
    assert (found.verdict, found.findings) == ("verified", ()), found.skipped
    part = "down_proj" if kind == "IA3" else "q_proj"
    damage(out, part)
    (lost,) = check(base, folder, out).findings
    assert (lost.code, part in lost.message) == ("LOR512", True)


def test_an_adapter_that_rewrites_its_base(tmp_path):
    """It is merged into what is left of the base, and not into what the files hold."""
    base = llama(tmp_path / "base")
    config = LoraConfig(r=4, target_modules=Q_V, init_lora_weights="pissa", task_type="CAUSAL_LM")
    folder = trained(base, tmp_path / "a", config)
    out = merged(base, folder, tmp_path / "m")
    found = check(base, folder, out)
    assert (found.verdict, found.findings) == ("verified", ()), found.skipped
    damage(out, "q_proj")
    assert [one.code for one in check(base, folder, out).findings] == ["LOR512"]


def test_a_base_alone_is_no_merge(tmp_path):
    base = llama(tmp_path / "base")
    folder = trained(base, tmp_path / "a", TYPES["LoHa"]())
    found = check(base, folder, base)
    assert [one.code for one in found.findings] == ["LOR512"]


def test_biases_of_all_modules(tmp_path):
    base = llama(tmp_path / "base")
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps({**config, "attention_bias": True}))
    model = AutoModelForCausalLM.from_pretrained(base)
    model.save_pretrained(base)
    config = LoraConfig(r=4, target_modules=["q_proj"], bias="all", task_type="CAUSAL_LM")
    folder = trained(base, tmp_path / "a", config)
    out = merged(base, folder, tmp_path / "m")
    assert (check(base, folder, out).verdict, check(base, folder, out).findings) == ("verified", ())
    damage(out, "v_proj.bias")
    assert [one.code for one in check(base, folder, out).findings] == ["LOR512"]


def test_experts_as_parameters(tmp_path):
    base = mixtral(tmp_path / "base")
    config = LoraConfig(
        r=2,
        target_modules=["q_proj"],
        target_parameters=["mlp.experts.down_proj"],
        task_type="CAUSAL_LM",
    )
    folder = trained(base, tmp_path / "a", config)
    out = merged(base, folder, tmp_path / "m")
    found = check(base, folder, out)
    assert (found.verdict, found.findings) == ("verified", ()), found.skipped
    damage(out, "experts.2")
    assert [one.code for one in check(base, folder, out).findings] == ["LOR512"]


def test_a_tied_table_reaches_more_than_the_adapter_did(tmp_path):
    """The update of BLOOM's embeddings reaches its head as well, once they are one again."""
    base = bloom(tmp_path / "base")
    config = LoraConfig(r=4, target_modules=["word_embeddings"], task_type="CAUSAL_LM")
    folder = trained(base, tmp_path / "a", config)
    found = check(base, folder, merged(base, folder, tmp_path / "m"))
    (told,) = found.findings
    assert (told.code, told.severity) == ("LOR514", "warning")
    assert "`lm_head" in told.message


def test_a_table_that_is_saved_under_one_of_its_names(tmp_path):
    """What is tied in the base and left alone by the adapter is missing nowhere."""
    base = bloom(tmp_path / "base")
    config = LoraConfig(r=4, target_modules=["query_key_value"], task_type="CAUSAL_LM")
    folder = trained(base, tmp_path / "a", config)
    found = check(base, folder, merged(base, folder, tmp_path / "m"))
    assert (found.verdict, found.findings) == ("verified", ())
