"""`loralint.load_verified` and `loralint.verify_loaded`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

import loralint
from loralint import contract as contracts
from loralint.verify.result import UnusableInputError
from tests.verify.fake_hub import publish
from tests.verify.tiny import TARGETS, adapter, llama

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]
WEIGHTS = "adapter_model.safetensors"


@pytest.fixture
def base(tmp_path):
    return llama(tmp_path / "base")


@pytest.fixture
def folder(base, tmp_path):
    adapter(str(base), tmp_path / "adapter")
    return tmp_path / "adapter"


def fails(folder, *codes, **options):
    with pytest.raises(loralint.AdapterVerificationError) as caught:
        loralint.load_verified(str(folder), **options)
    assert tuple(one.code for one in caught.value.findings) == codes
    return caught.value


def spoil(folder):
    """Change one value of one tensor of the file."""
    path = folder / WEIGHTS
    tensors = load_file(path)
    name = next(name for name in tensors if "lora_B" in name)
    tensors[name][0, 0] += 1
    save_file(tensors, path)


def test_importing_loralint_imports_no_library():
    code = (
        "import sys, loralint; loralint.__version__; dir(loralint)\n"
        "print(sorted({'torch', 'msgspec', 'dataclasses', 'click'} & sys.modules.keys()))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="no attribute 'recrd'"):
        loralint.recrd  # noqa: B018


class TestVerifyLoaded:
    def test_right_model(self, base, folder):
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
        assert loralint.verify_loaded(model, folder).checked == 12

    def test_fresh_adapter(self, base, folder):
        """Issue 1678's second way: the configuration is read, the weights never are."""
        config = LoraConfig.from_pretrained(folder)
        model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
        with pytest.raises(loralint.AdapterVerificationError) as caught:
            loralint.verify_loaded(model, folder)
        (found,) = caught.value.findings
        assert (found.code, found.name) == ("LOR504", "adapter-not-loaded")
        assert "12 tensors of 12" in found.message
        assert "LOR504 adapter-not-loaded" in str(caught.value)

    def test_base_alone(self, base, folder):
        with pytest.raises(loralint.AdapterVerificationError) as caught:
            loralint.verify_loaded(AutoModelForCausalLM.from_pretrained(base), folder)
        assert [one.code for one in caught.value.findings] == ["LOR509"]

    def test_model_is_neither_run_nor_changed(self, base, folder):
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
        model.train()
        before = [(one.requires_grad, one.clone()) for one in model.parameters()]

        def forward(*_args, **_given):
            raise AssertionError("the model was run")

        model.get_base_model().model.forward = forward
        loralint.verify_loaded(model, folder)
        assert model.training
        for (trained, value), now in zip(before, model.parameters(), strict=True):
            assert now.requires_grad == trained
            assert torch.equal(now, value)

    def test_file_is_read_once(self, base, folder, monkeypatch):
        """With a contract too: tensors are compared and hashed as they pass."""
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
        loralint.record(model, folder)
        read = []
        from loralint.verify.values import FileTensors

        plain = FileTensors.__iter__

        def counting(self):
            for name, tensor in plain(self):
                read.append(name)
                yield name, tensor

        monkeypatch.setattr(FileTensors, "__iter__", counting)
        checked = loralint.verify_loaded(model, folder)
        assert sorted(read) == sorted(load_file(folder / WEIGHTS))
        assert checked.checked == 24

    def test_file_that_was_changed_after_the_contract(self, base, folder):
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
        loralint.record(model, folder)
        spoil(folder)
        changed = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
        with pytest.raises(loralint.AdapterVerificationError) as caught:
            loralint.verify_loaded(changed, folder)
        (found,) = caught.value.findings
        assert found.code == "LOR504"
        assert "1 tensor of 12 are not those that loralint.json records" in found.message

    def test_golden_logits_on_request(self, base, folder, tmp_path):
        """The tensors are right and the base is another one: only its answers tell."""
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
        loralint.record(model, folder)
        assert loralint.verify_loaded(model, folder, golden=True).checked == 25
        other = AutoModelForCausalLM.from_pretrained(llama(tmp_path / "other", seed=7))
        wrong = PeftModel.from_pretrained(other, folder)
        with pytest.raises(loralint.AdapterVerificationError) as caught:
            loralint.verify_loaded(wrong, folder, golden=True)
        assert [one.code for one in caught.value.findings] == ["LOR510", "LOR511"]

    def test_golden_logits_that_nobody_recorded_prove_nothing(self, base, folder):
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
        with pytest.raises(loralint.AdapterVerificationError) as caught:
            loralint.verify_loaded(model, folder, golden=True)
        assert caught.value.findings == ()
        assert "loralint record" in str(caught.value)

    def test_folder_that_holds_no_adapter(self, base, tmp_path):
        with pytest.raises(UnusableInputError, match=r"adapter_config\.json"):
            loralint.verify_loaded(AutoModelForCausalLM.from_pretrained(base), tmp_path)


class TestLoadVerified:
    def test_right_model_without_a_contract(self, folder):
        model = loralint.load_verified(str(folder))
        assert isinstance(model, PeftModel)
        assert not model.training
        assert not getattr(model.get_base_model(), "is_quantized", False)

    def test_quantised_as_recorded(self, base, tmp_path):
        config = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
        load = {"quantization_config": config, "dtype": torch.bfloat16}
        recorded = loralint.record(
            adapter(str(base), tmp_path / "q", load=load), tmp_path / "q"
        )  # fmt: skip
        model = loralint.load_verified(str(tmp_path / "q"), golden=True)
        found = model.get_base_model().config.quantization_config
        assert (found.bnb_4bit_quant_type, found.bnb_4bit_use_double_quant) == ("nf4", True)
        assert model.get_base_model().config.dtype == torch.bfloat16
        assert recorded.golden is not None

    def test_commit_that_was_recorded_is_loaded(self, tmp_path, hub_cache):
        """`main` has moved since: adapter_config.json says nothing, the contract does."""
        repo = "acme/moved"
        old = publish(hub_cache, repo, llama(tmp_path / "v1", seed=1), "main")
        model = adapter(repo, tmp_path / "a")
        assert loralint.record(model, tmp_path / "a").base.commit == old
        publish(hub_cache, repo, llama(tmp_path / "v2", seed=2), "main")
        loaded = loralint.load_verified(str(tmp_path / "a"), golden=True)
        ours, theirs = (one.get_base_model().lm_head.weight for one in (model, loaded))
        assert torch.equal(ours, theirs)

    def test_other_base_is_refused_before_it_is_loaded(self, base, folder, tmp_path, monkeypatch):
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
        loralint.record(model, folder)
        other = llama(tmp_path / "other", seed=7)

        def never(*_args):
            raise AssertionError("the weights were loaded")

        monkeypatch.setattr("loralint.verify.api.load", never)
        error = fails(folder, "LOR510", base=str(other))
        assert "model.safetensors" in error.findings[0].message

    def test_base_with_other_modules(self, folder, tmp_path):
        """One layer less: the file has tensors for which there is no place."""
        fails(folder, "LOR502", base=str(llama(tmp_path / "short", layers=1)))

    def test_changed_scaling(self, folder, base):
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
        loralint.record(model, folder)
        path = folder / "adapter_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "lora_alpha": 64}))
        error = fails(folder, "LOR508")
        assert "lora_alpha was 8 and is 64" in error.findings[0].message

    def test_base_that_is_not_there(self, folder):
        error = fails(folder, base="/nowhere/base")
        assert "no such folder" in str(error)
        assert error.skipped

    def test_adapter_that_the_hub_does_not_give(self):
        with pytest.raises(loralint.AdapterVerificationError, match="acme/gone"):
            loralint.load_verified("acme/gone", offline=True)

    def test_contract_of_the_future_is_refused(self, folder):
        (folder / contracts.NAME).write_text('{"version": 2, "loralint": "9.0"}')
        with pytest.raises(UnusableInputError, match="update loralint"):
            loralint.load_verified(str(folder))

    def test_random_base_rewrite_is_not_believed(self, base, tmp_path):
        """pissa_niter draws its decomposition anew: right tensors on another base every time."""
        model = AutoModelForCausalLM.from_pretrained(base)
        config = LoraConfig(r=4, target_modules=TARGETS, init_lora_weights="pissa_niter_2",
                            task_type="CAUSAL_LM")  # fmt: skip
        wrapped = get_peft_model(model, config).eval()
        for name, parameter in wrapped.named_parameters():
            if "lora_" in name:
                parameter.data += 0.02 * torch.randn_like(parameter)
        wrapped.save_pretrained(tmp_path / "a")
        error = fails(tmp_path / "a")
        assert "golden logits" in str(error)
        loralint.record(wrapped, tmp_path / "a")
        torch.manual_seed(11)
        fails(tmp_path / "a", "LOR511")


@pytest.mark.parametrize("config", [{"load_in_4bit": False}, {}])
def test_a_configuration_that_is_off_quantises(base, config):
    """Why LOR315 writes `BitsAndBytesConfig(load_in_4bit=True) if x else None`."""
    off = BitsAndBytesConfig(**config)
    model = AutoModelForCausalLM.from_pretrained(base, quantization_config=off)
    assert model.model.layers[0].self_attn.q_proj.weight.dtype == torch.uint8
    plain = AutoModelForCausalLM.from_pretrained(base, quantization_config=None)
    assert plain.model.layers[0].self_attn.q_proj.weight.dtype.is_floating_point
