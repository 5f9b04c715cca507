"""Healthy adapters of every odd kind are verified, and odd losses are found: none by its name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

import peft
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

import loralint
from loralint.facts import TensorFact
from loralint.verify.case import Asked, case_for
from loralint.verify.effect import effect
from loralint.verify.folder import AdapterFolder, open_folder
from loralint.verify.loading import load
from loralint.verify.tiers import verify
from tests.verify.tiny import VOCABULARY, llama

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]

Q_V = ["q_proj", "v_proj"]
NF4 = "the adapter on a base in nf4"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return llama(tmp_path_factory.mktemp("truth") / "base")


@pytest.fixture(scope="module")
def tied(tmp_path_factory):
    """Tied embeddings, and a width that is no multiple of 64."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("truth") / "tied"
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(path)
    return path


def lora(**changes):
    given = {"r": 4, "lora_alpha": 8, "target_modules": Q_V, "task_type": "CAUSAL_LM"}
    return LoraConfig(**(given | changes))


def trained(base, folder, config, start=()):
    """An adapter after three steps, saved; `start` are tokens that every row begins with."""
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config).train()
    rows = torch.randint(3, 90, (2, 12), generator=torch.Generator().manual_seed(3))
    for at, token in enumerate(start):
        rows[:, at] = token
    own = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.Adam(own, lr=1e-2)
    for _ in range(3):
        loss = ((model(input_ids=rows).logits - 1) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval().save_pretrained(folder)
    return folder


def said(folder, **asked):
    return verify(case_for(str(folder), Asked(**asked)))


def skipped(outcome):
    return {one.what: one.reason for one in outcome.skipped}


def configured(folder, **changes):
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return folder


class TestHealthy:
    def test_tied_trainable_tokens(self, tied, tmp_path):
        found = said(trained(tied, tmp_path / "a", lora(trainable_token_indices=[3, 5])))
        assert (found.verdict, found.findings) == ("verified", ())

    def test_a_type_that_does_not_go_in_4_bits(self, base, tmp_path):
        """nf4 is nobody's wish where nobody says anything, and the adapter is right."""
        config = peft.GloraConfig(r=4, target_modules=Q_V, task_type="CAUSAL_LM")
        folder = trained(base, tmp_path / "a", config)
        found = said(folder)
        assert (found.verdict, found.findings) == ("verified", ())
        assert "Linear4bit" in skipped(found)[NF4]
        assert isinstance(loralint.load_verified(str(folder)), PeftModel)

    def test_the_same_type_where_4_bits_are_asked_for(self, base, tmp_path):
        config = peft.GloraConfig(r=4, target_modules=Q_V, task_type="CAUSAL_LM")
        found = said(trained(base, tmp_path / "a", config), quantization="nf4")
        (one,) = found.findings
        assert (found.verdict, one.code) == ("failed", "LOR504")
        assert "in nf4" in one.message
        assert "GLORA does not go in nf4" in one.fix.message
        assert "--quantization none" in one.fix.message

    def test_a_type_that_cannot_be_built_without_weights(self, base, tmp_path):
        config = peft.ShiraConfig(r=4, target_modules=Q_V, task_type="CAUSAL_LM")
        found = said(trained(base, tmp_path / "a", config))
        assert {tier.name: tier.verdict for tier in found.tiers} == {
            "header": "verified", "dry-run": "inconclusive", "load": "verified",
            "round-trip": "verified",
        }  # fmt: skip
        assert (found.verdict, found.findings) == ("verified", ())

    def test_patterns_are_peft_s_own(self, base, tmp_path):
        config = lora(rank_pattern={"^model.layers.1.self_attn.q_proj": 8})
        found = said(trained(base, tmp_path / "a", config), quantization="none")
        assert (found.verdict, found.findings) == ("verified", ())

    def test_an_adapter_that_waits_for_tokens(self, base, tmp_path):
        folder = trained(base, tmp_path / "a", lora(alora_invocation_tokens=[41, 42]), (41, 42))
        found = said(folder, quantization="none")
        assert (found.verdict, found.findings) == ("verified", ())

    def test_widths_for_which_the_4_bit_kernel_has_no_way(self, tied, tmp_path):
        found = said(trained(tied, tmp_path / "a", lora()))
        assert (found.verdict, found.findings) == ("verified", ())

    def test_a_type_that_this_peft_does_not_know(self, base, tmp_path):
        folder = configured(trained(base, tmp_path / "a", lora()), peft_type="NOVELTY")
        found = said(folder)
        assert (found.verdict, found.findings) == ("inconclusive", ())
        assert any("knows no adapters of the type NOVELTY" in one.reason for one in found.skipped)


class TestLost:
    def test_a_token_beyond_the_vocabulary(self, base, tmp_path):
        config = lora(trainable_token_indices=[3, 5])
        folder = configured(
            trained(base, tmp_path / "a", config), trainable_token_indices=[3, 99_999]
        )
        found = said(folder)
        assert found.verdict == "failed"
        assert "LOR504" in {one.code for one in found.findings}
        with pytest.raises(loralint.AdapterVerificationError) as caught:
            loralint.load_verified(str(folder))
        assert [one.code for one in caught.value.findings] == ["LOR504"]

    def test_adalora_without_its_third_part(self, base, tmp_path):
        config = peft.AdaLoraConfig(
            target_modules=Q_V, task_type="CAUSAL_LM", total_step=10, init_r=4
        )
        folder = trained(base, tmp_path / "a", config)
        path = folder / "adapter_model.safetensors"
        left = {name: one for name, one in load_file(path).items() if "lora_E" not in name}
        save_file(left, path)
        found = said(folder)
        assert (found.verdict, {one.code for one in found.findings}) == ("failed", {"LOR501"})

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"layers_pattern": "layers"}, "layers_to_transform"),
            ({"layers_to_transform": [0], "target_modules": ".*q_proj"}, "layers_to_transform"),
        ],
        ids=str,
    )
    def test_what_peft_refuses_is_told_in_its_words(self, base, tmp_path, changes, says):
        """Not as "the base has no such module", which it then lists."""
        found = said(configured(trained(base, tmp_path / "a", lora()), **changes))
        assert found.verdict == "failed"
        assert [one.code for one in found.findings] == ["LOR504"]
        assert says in found.findings[0].message

    def test_integers_in_place_of_weights(self, base, tmp_path):
        folder = trained(base, tmp_path / "a", lora())
        path = folder / "adapter_model.safetensors"
        save_file({name: (one * 100).to(torch.int8) for name, one in load_file(path).items()}, path)
        found = said(folder)
        assert (found.verdict, [one.code for one in found.findings]) == ("failed", ["LOR516"])

    @pytest.mark.parametrize("key", ["r", "lora_alpha", "target_modules"])
    def test_a_configuration_without_what_peft_always_writes(self, base, tmp_path, key):
        folder = trained(base, tmp_path / "a", lora(r=8))
        path = folder / "adapter_config.json"
        given = json.loads(path.read_text())
        del given[key]
        path.write_text(json.dumps(given))
        found = [one for one in said(folder).findings if one.code == "LOR517"]
        assert [(one.severity, f"`{key}`" in one.message) for one in found] == [("warning", True)]


@pytest.mark.parametrize(
    ("shapes", "lost"),
    [
        ({"a": (0, 64), "b": (8, 0), "c": (8, 64)}, ()),
        ({"a": (0,), "b": (64,)}, ("a",)),
        ({"a": (0, 64), "b": (0, 8)}, ("a", "b")),
    ],
    ids=["AdaLoRA has given a module no rank", "one part of ZeRO-3", "nothing at all"],
)
def test_which_empty_tensors_are_partitions(tmp_path, shapes, lost):
    tensors = tuple(TensorFact(name, "F32", shape) for name, shape in shapes.items())
    assert AdapterFolder(tmp_path, {}, tensors).partitioned == lost


def test_an_effect_around_the_model_is_an_effect(base, tmp_path):
    """PEFT does the work of some types in its own forward, outside the model that it wraps."""
    config = lora(target_modules=["q_proj"])
    folder = trained(base, tmp_path / "a", config)
    case = case_for(str(folder), Asked(quantization="none"))
    loaded = load(case, open_folder(folder))
    loaded.model.base_model.disable_adapter_layers()
    plain = type(loaded.model).forward

    def around(self, *given, **options):
        found = plain(self, *given, **options)
        found.logits = found.logits + 1
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(loaded.model), "forward", around)
        known = open_folder(folder)
        like_shadow = replace(known, config={**known.config, "peft_type": "SHADOW"})
        checked, why = effect(case, like_shadow, loaded)
    assert (checked.findings, why) == ((), "")


class TestLoaded:
    def load(self, base, folder, **options):
        return PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder,
                                         **options)  # fmt: skip

    def test_two_adapters_at_once(self, base, tmp_path):
        first = trained(base, tmp_path / "a", lora())
        second = trained(base, tmp_path / "b", lora(r=2))
        model = self.load(base, first)
        model.load_adapter(str(second), adapter_name="second")
        loralint.verify_loaded(model, first)
        model.base_model.set_adapter(["default", "second"])
        with pytest.raises(loralint.AdapterVerificationError) as caught:
            loralint.verify_loaded(model, first)
        assert [one.code for one in caught.value.findings] == ["LOR509"]
        assert "`second`" in caught.value.findings[0].message

    @pytest.mark.parametrize("wrap", ["compile", "inner", "parallel"])
    def test_wrappers_are_taken_off(self, base, tmp_path, wrap):
        folder = trained(base, tmp_path / "a", lora())
        model = self.load(base, folder)
        if wrap == "compile":
            model = torch.compile(model)
        elif wrap == "inner":
            inner = model.base_model.model.model
            inner.layers[0] = torch.compile(inner.layers[0])
        else:
            model = torch.nn.DataParallel(model)
        assert loralint.verify_loaded(model, folder).findings == ()

    def test_another_base_than_the_contract_s(self, base, tmp_path):
        folder = trained(base, tmp_path / "a", lora())
        loralint.record(self.load(base, folder), folder)
        assert loralint.verify_loaded(self.load(base, folder), folder).skipped == ()
        other = llama(tmp_path / "other", seed=9)
        with pytest.raises(loralint.AdapterVerificationError) as caught:
            loralint.verify_loaded(self.load(other, folder), folder)
        assert [one.code for one in caught.value.findings] == ["LOR510"]

    def test_a_recorded_base_that_is_not_here_is_said(self, base, tmp_path):
        moved = llama(tmp_path / "moved")
        folder = trained(moved, tmp_path / "a", lora())
        loralint.record(self.load(moved, folder), folder)
        model = self.load(moved, folder)
        moved.rename(tmp_path / "elsewhere")
        (left,) = loralint.verify_loaded(model, folder).skipped
        assert left.what == "whether the base is the recorded one"
