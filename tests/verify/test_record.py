"""`loralint.record`: what is written is true, whole, or not written at all."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

import loralint
from loralint import contract as contracts
from loralint.verify.record import RecordError
from tests.verify.fake_hub import publish
from tests.verify.tiny import adapter, llama, words

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def base(tmp_path):
    return llama(tmp_path / "base")


@pytest.fixture
def saved(base, tmp_path):
    folder = tmp_path / "adapter"
    return adapter(str(base), folder), folder


def read(folder):
    return contracts.parse((folder / contracts.NAME).read_bytes())


def test_contract_is_returned_and_written(saved):
    model, folder = saved
    assert loralint.record(model, folder) == read(folder)


def test_files_of_a_folder_are_hashed(saved, base):
    recorded = loralint.record(*saved).base
    assert (recorded.kind, recorded.commit) == ("folder", None)
    for name, found in {**recorded.config, **recorded.weights}.items():
        content = (base / name).read_bytes()
        assert found.sha256 == hashlib.sha256(content).hexdigest(), name
        assert found.size == len(content)
    assert set(recorded.weights) == {"model.safetensors"}


def test_large_files_in_the_hub_cache_are_not_read(tmp_path, hub_cache):
    commit = publish(hub_cache, "acme/unread", llama(tmp_path / "b"), "main")
    model = adapter("acme/unread", tmp_path / "a")
    weights = hub_cache / "models--acme--unread" / "snapshots" / commit / "model.safetensors"
    blob = weights.resolve()
    expected = hashlib.sha256(blob.read_bytes()).hexdigest()
    # The content changes behind the name: only who reads it would see that. The sample of the
    # weights that tells which commit was loaded reads none of these bytes.
    content = bytearray(blob.read_bytes())
    header = int.from_bytes(content[:8], "little")
    entry = json.loads(content[8 : 8 + header])["lm_head.weight"]["data_offsets"]
    content[8 + header + entry[0]] ^= 1
    blob.write_bytes(content)
    recorded = loralint.record(model, tmp_path / "a", revision=commit, golden=False)
    assert recorded.base.weights["model.safetensors"].sha256 == expected


def test_every_tensor_of_the_adapter_is_hashed(saved):
    from safetensors.torch import load_file

    model, folder = saved
    recorded = loralint.record(model, folder).adapter
    tensors = load_file(folder / recorded.weights)
    assert set(recorded.tensors) == set(tensors)
    for name, found in recorded.tensors.items():
        content = tensors[name].numpy().tobytes()
        assert found.sha256 == hashlib.sha256(content).hexdigest(), name
        assert (found.dtype, found.shape) == ("F32", tuple(tensors[name].shape))


def test_half_precision_is_hashed_by_its_bytes(saved):
    from safetensors.torch import load_file, save_file

    model, folder = saved
    path = folder / "adapter_model.safetensors"
    halved = {name: tensor.bfloat16() for name, tensor in load_file(path).items()}
    save_file(halved, path)
    reloaded = PeftModel.from_pretrained(model.unload(), folder)
    recorded = loralint.record(reloaded, folder, golden=False).adapter.tensors
    for name, tensor in halved.items():
        content = tensor.view(torch.int16).numpy().tobytes()
        assert recorded[name].sha256 == hashlib.sha256(content).hexdigest()
        assert recorded[name].dtype == "BF16"


def test_golden_logits_are_the_model_s(saved):
    model, folder = saved
    golden = loralint.record(model, folder).golden
    with torch.no_grad():
        logits = model(torch.tensor(golden.token_ids)).logits
        with model.disable_adapter():
            plain = model(torch.tensor(golden.token_ids)).logits
    kept = torch.frombuffer(bytearray(golden.values), dtype=torch.float32).reshape(golden.shape)
    chosen = list(golden.columns)
    torch.testing.assert_close(kept, logits[..., chosen])
    difference = (logits - plain)[..., chosen].abs()
    assert golden.effect == pytest.approx(float(difference.mean()), rel=1e-4)
    assert golden.largest_effect == pytest.approx(float(difference.max()), rel=1e-4)
    assert golden.effect > 0.01
    assert len(set(golden.columns)) == 64


def test_model_is_left_as_it_was(saved):
    model, folder = saved
    model.train()
    model.base_model.model.lm_head.eval()
    frozen = next(p for name, p in model.named_parameters() if "lora_A" in name)
    frozen.requires_grad = False
    modes = [module.training for module in model.modules()]
    trained = [parameter.requires_grad for parameter in model.parameters()]
    generator = torch.random.get_rng_state()
    loralint.record(model, folder)
    assert [module.training for module in model.modules()] == modes
    assert [parameter.requires_grad for parameter in model.parameters()] == trained
    assert torch.equal(torch.random.get_rng_state(), generator)


def test_quantisation_and_type_are_recorded(base, tmp_path):
    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    load = {"quantization_config": config, "dtype": torch.bfloat16}
    model = adapter(str(base), tmp_path / "a", load=load)
    loading = loralint.record(model, tmp_path / "a").loading
    assert (loading.model_class, loading.task_type) == ("LlamaForCausalLM", "CAUSAL_LM")
    assert loading.dtype == "bfloat16"
    assert loading.quantization.method == "nf4"
    assert loading.quantization.double
    assert loading.quantization.compute_dtype == "bfloat16"


class TestRevision:
    """The commit is that of the weights in memory, whatever adapter_config.json says."""

    REPO = "acme/two"

    @pytest.fixture
    def commits(self, tmp_path, hub_cache):
        old = publish(hub_cache, self.REPO, llama(tmp_path / "old", seed=3), "refs/pr/23")
        new = publish(hub_cache, self.REPO, llama(tmp_path / "new", seed=4), "main")
        return old, new

    def trained(self, tmp_path, loaded, **config):
        return adapter(self.REPO, tmp_path / "a", load={"revision": loaded}, **config)

    def test_told_by_peft(self, commits, tmp_path):
        model = self.trained(tmp_path, "refs/pr/23", revision="refs/pr/23")
        found = loralint.record(model, tmp_path / "a").base
        assert (found.requested, found.commit) == ("refs/pr/23", commits[0])

    def test_told_by_nobody(self, commits, tmp_path):
        """Issue 1678: the branch was loaded, and adapter_config.json has `revision: null`."""
        for revision, commit in (("refs/pr/23", commits[0]), ("main", commits[1])):
            model = self.trained(tmp_path, revision)
            found = loralint.record(model, tmp_path / "a").base
            assert (found.requested, found.commit) == (None, commit)

    def test_told_wrongly(self, commits, tmp_path):
        model = self.trained(tmp_path, "refs/pr/23")
        with pytest.raises(RecordError, match="does not have the weights of acme/two at main"):
            loralint.record(model, tmp_path / "a", revision="main")
        assert not (tmp_path / "a" / contracts.NAME).exists()

    def test_of_other_weights_is_left_open(self, commits, tmp_path):
        model = self.trained(tmp_path, "main")
        for parameter in model.get_base_model().model.parameters():
            parameter.data += 1
        model.save_pretrained(tmp_path / "a")
        recorded = loralint.record(model, tmp_path / "a")
        assert recorded.base.commit is None
        assert "give the revision" in recorded.skipped["base.commit"]

    def test_is_recognised_whatever_training_has_changed(self, commits, tmp_path):
        """More tokens, trained biases, an initialisation that rewrites the adapted layers."""
        model = AutoModelForCausalLM.from_pretrained(self.REPO, revision="refs/pr/23")
        model.resize_token_embeddings(120, mean_resizing=False)
        config = LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights="pissa", bias="all")
        wrapped = get_peft_model(model, config)
        wrapped.save_pretrained(tmp_path / "a")
        recorded = loralint.record(wrapped, tmp_path / "a", revision="refs/pr/23")
        assert recorded.base.commit == commits[0]
        assert recorded.loading.vocabulary == 120

    def test_is_recognised_in_4_bit(self, commits, tmp_path):
        config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
        load = {"revision": "refs/pr/23", "quantization_config": config, "dtype": torch.float16}
        model = adapter(self.REPO, tmp_path / "a", load=load)
        assert loralint.record(model, tmp_path / "a").base.commit == commits[0]

    def test_of_a_downloaded_snapshot(self, commits, tmp_path, hub_cache):
        path = hub_cache / "models--acme--two" / "snapshots" / commits[0]
        model = adapter(str(path), tmp_path / "a")
        found = loralint.record(model, tmp_path / "a").base
        assert (found.id, found.kind, found.commit) == (self.REPO, "hub", commits[0])


class TestTokenizer:
    def test_lies_beside_the_base(self, tmp_path):
        base = llama(tmp_path / "base", tokenizer=True)
        model = adapter(str(base), tmp_path / "a")
        found = loralint.record(model, tmp_path / "a").tokenizer
        assert found.length == 99
        assert found.chat_template is not None
        again = loralint.record(model, tmp_path / "a", tokenizer=words()).tokenizer
        assert (again.vocabulary, again.special_tokens) == (found.vocabulary, found.special_tokens)

    def test_padding_is_no_difference_and_a_template_is_one(self, saved):
        plain = loralint.record(*saved, tokenizer=words()).tokenizer
        padded = words()
        padded(["w1", "w1 w2"], padding=True, truncation=True, max_length=5)
        assert loralint.record(*saved, tokenizer=padded).tokenizer == plain
        other = loralint.record(*saved, tokenizer=words("{{ 1 }}")).tokenizer
        assert other.chat_template != plain.chat_template
        assert other.vocabulary == plain.vocabulary
        added = words()
        added.add_tokens(["new"])
        assert loralint.record(*saved, tokenizer=added).tokenizer.vocabulary != plain.vocabulary

    def test_missing_is_said(self, saved):
        recorded = loralint.record(*saved)
        assert recorded.tokenizer is None
        assert "tokenizer" in recorded.skipped


class TestRefusals:
    def test_folder_without_adapter(self, saved, tmp_path):
        with pytest.raises(RecordError, match=r"has no adapter_config\.json"):
            loralint.record(saved[0], tmp_path)

    def test_pickled_adapter(self, saved):
        model, folder = saved
        (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
        with pytest.raises(RecordError, match="the weights are a pickle"):
            loralint.record(model, folder)

    def test_truncated_adapter(self, saved):
        model, folder = saved
        path = folder / "adapter_model.safetensors"
        path.write_bytes(path.read_bytes()[:-8])
        with pytest.raises(RecordError, match=r"adapter_model\.safetensors: the file is cut off"):
            loralint.record(model, folder)

    def test_model_that_was_trained_on_since(self, saved):
        model, folder = saved
        _, tensor = next((n, p) for n, p in model.named_parameters() if "lora_B" in n)
        tensor.data[0, 0] += 1
        with pytest.raises(RecordError, match=r"1 tensor of 12 .*save the adapter first"):
            loralint.record(model, folder)

    def test_model_of_the_other_revision(self, saved, tmp_path):
        """A fresh adapter in place of the one that did not fit is not recorded as the one."""
        _, folder = saved
        fresh = adapter(str(llama(tmp_path / "other", seed=5)), tmp_path / "b", seed=6)
        with pytest.raises(RecordError, match="12 tensors of 12 in the model"):
            loralint.record(fresh, folder)

    def test_folder_that_nobody_may_write(self, saved, monkeypatch):
        model, folder = saved

        def denied(*_args, **_given):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("pathlib.Path.replace", denied)
        with pytest.raises(RecordError, match=r"loralint\.json: Permission denied; nothing was"):
            loralint.record(model, folder)
        assert not list(folder.glob("*loralint*")) + list(folder.glob(".loralint*"))


def test_adapter_of_transformers_own(base, tmp_path):
    model = AutoModelForCausalLM.from_pretrained(base)
    try:
        model.add_adapter(LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights=False))
    except ValueError as error:
        pytest.skip(f"transformers and PEFT do not go together: {error}")
    model.save_pretrained(tmp_path / "native")
    recorded = loralint.record(model, tmp_path / "native", base=str(base))
    assert recorded.golden.effect > 0
    assert len(recorded.adapter.tensors) == 4
