"""The contract tier and the round trip, each in what it finds and what it leaves alone."""

from __future__ import annotations

import json
import shutil

import msgspec
import pytest

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

import torch
from safetensors.torch import load_file, save_file

import loralint
from loralint.contract import NAME
from loralint.verify import roundtrip
from loralint.verify.answers import NoAnswerError
from loralint.verify.attempts import Bench
from loralint.verify.case import Case
from loralint.verify.contract import check_answers, check_files
from loralint.verify.folder import open_folder, read_contract
from loralint.verify.result import SILENT, UnusableInputError, together
from tests.verify.fake_hub import publish
from tests.verify.tiny import adapter, llama, words

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def base(tmp_path):
    return llama(tmp_path / "base", tokenizer=True)


@pytest.fixture
def recorded(base, tmp_path):
    """An adapter with its contract, recorded in full precision."""
    model = adapter(str(base), tmp_path / "a")
    loralint.record(model, tmp_path / "a")
    return tmp_path / "a"


def case(folder, base, **options):
    given = {"adapter": folder, "name": "a", "base": str(base), "quantization": "none"}
    return Case(**{**given, **options})


def bench(folder, base, **options):
    one = case(folder, base, **options)
    return Bench(one, open_folder(folder), SILENT, keep=True)


def contract(folder, base, **options):
    """Both steps of the tier, the second though the first may have decided."""
    given = bench(folder, base, **options)
    files, answers = check_files(given.case, given.folder), check_answers(given.case, given)
    return msgspec.structs.replace(together(files, answers), decided=answers.decided)


def codes(checked):
    return [one.code for one in checked.findings]


class TestContract:
    def test_right_pair(self, recorded, base):
        checked = contract(recorded, base)
        assert (checked.verdict, checked.findings) == ("verified", ())
        assert checked.checked == 12 + 2 + 3 + 1  # tensors, files, tokenizer, answers

    def test_no_contract_proves_nothing(self, recorded, base):
        (recorded / NAME).unlink()
        checked = contract(recorded, base)
        assert checked.verdict == "inconclusive"
        assert "loralint record" in checked.skipped[0].reason

    def test_damaged_contract_is_unusable(self, recorded, base):
        (recorded / NAME).write_text("{}")
        with pytest.raises(UnusableInputError, match=r"loralint\.json is no contract"):
            contract(recorded, base)

    def test_new_revision_of_the_same_architecture(self, recorded, base, tmp_path):
        """Every tensor arrives; only files and answers tell that the base is another one."""
        other = llama(tmp_path / "other", seed=9, tokenizer=True)
        found = contract(recorded, other)
        assert codes(found) == ["LOR510", "LOR511"]
        assert "first model.safetensors" in found.findings[0].message

    def test_changed_configuration_of_the_base(self, recorded, base):
        path = base / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "rope_theta": 1.0}))
        checked = contract(recorded, base)
        assert "LOR510" in codes(checked)
        assert "config.json" in checked.findings[0].message

    def test_weights_that_were_not_there_before(self, recorded, base):
        """transformers prefers the index: what is new is loaded in place of what was recorded."""
        index = {"weight_map": {"lm_head.weight": "new.safetensors"}}
        (base / "model.safetensors.index.json").write_text(json.dumps(index))
        checked = contract(recorded, base)
        assert codes(checked)[0] == "LOR510"
        assert "model.safetensors.index.json" in checked.findings[0].message

    def test_same_files_elsewhere(self, recorded, base, tmp_path, hub_cache):
        """A mirror with the same content is the same base, whatever it is called."""
        publish(hub_cache, "mirror/base", base, "main")
        checked = contract(recorded, "mirror/base", revision="main")
        assert (checked.verdict, checked.findings) == ("verified", ())

    def test_one_value_of_one_tensor(self, recorded, base):
        path = recorded / "adapter_model.safetensors"
        tensors = load_file(path)
        name = sorted(tensors)[3]
        tensors[name][0, 0] += 1e-3
        save_file(tensors, path)
        checked = contract(recorded, base)
        assert codes(checked)[0] == "LOR504"
        assert "1 tensor of 12" in checked.findings[0].message

    def test_tensor_taken_away(self, recorded, base):
        path = recorded / "adapter_model.safetensors"
        tensors = load_file(path)
        tensors.pop(sorted(tensors)[0])
        save_file(tensors, path)
        (found, *_) = contract(recorded, base).findings
        assert found.code == "LOR504"
        assert "recorded, and not in the file" in found.related[0].message

    @pytest.mark.parametrize(
        ("change", "code"),
        [({"lora_alpha": 99}, "LOR508"), ({"use_rslora": True}, "LOR508"),
         ({"lora_dropout": 0.5}, "LOR504")],
        ids=str,
    )  # fmt: skip
    def test_changed_adapter_config(self, recorded, base, change, code):
        path = recorded / "adapter_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
        found = contract(recorded, base).findings
        assert found[0].code == code
        assert next(iter(change)) in found[0].message

    def test_what_only_says_where_the_base_lies_may_change(self, recorded, base, tmp_path):
        path = recorded / "adapter_config.json"
        given = json.loads(path.read_text())
        given |= {"revision": "abc", "base_model_name_or_path": "acme/moved"}
        given["target_modules"] = given["target_modules"][::-1]
        path.write_text(json.dumps(given))
        moved = shutil.move(base, tmp_path / "moved")
        assert contract(recorded, moved).verdict == "verified"

    @pytest.mark.parametrize("what", ["template", "token"])
    def test_other_tokenizer(self, recorded, base, what):
        changed = words("{{ 'another' }}" if what == "template" else "{{ messages[0].content }}")
        if what == "token":
            changed.add_tokens(["new"])
        changed.save_pretrained(recorded)
        checked = contract(recorded, base)
        # With one token more than the base has rows, the model gets another row, and answers so.
        assert codes(checked) == (["LOR515"] if what == "template" else ["LOR515", "LOR511"])
        wanted = "the chat template" if what == "template" else "the vocabulary"
        assert wanted in checked.findings[0].message

    def test_answers_in_another_precision_are_no_finding(self, recorded, base):
        """Recorded in float32, loaded in nf4: what differs is the precision, and that is said."""
        checked = contract(recorded, base, quantization="nf4", dtype="float16")
        assert checked.findings == ()
        assert checked.verdict == "verified"

    def test_base_that_is_not_here(self, recorded):
        checked = contract(recorded, "acme/nowhere", offline=True)
        assert checked.findings == ()
        assert checked.verdict == "inconclusive"


class TestRoundTrip:
    def run(self, folder, base, **options):
        return roundtrip.check(bench(folder, base, **options))

    @pytest.mark.parametrize("quantization", ["none", "nf4"])
    def test_right_pair(self, base, tmp_path, quantization):
        adapter(str(base), tmp_path / "a")
        checked = self.run(tmp_path / "a", base, quantization=quantization)
        assert (checked.verdict, checked.findings, checked.skipped) == ("verified", (), ())
        assert checked.checked == 13  # twelve tensors, and the merged model

    def test_adapter_that_is_saved_otherwise(self, base, tmp_path, monkeypatch):
        """What PEFT would write is not what it has read: one tensor is scaled on the way."""
        from peft import PeftModel

        adapter(str(base), tmp_path / "a")
        plain = PeftModel.save_pretrained

        def spoiling(model, folder, **options):
            plain(model, folder, **options)
            path = f"{folder}/adapter_model.safetensors"
            tensors = load_file(path)
            tensors[sorted(tensors)[0]] *= 2
            save_file(tensors, path)

        monkeypatch.setattr(PeftModel, "save_pretrained", spoiling)
        checked = self.run(tmp_path / "a", base)
        assert codes(checked) == ["LOR514"]
        assert "1 tensor of 12" in checked.findings[0].message

    def test_answers_that_change_are_found_though_tensors_are_equal(
        self, base, tmp_path, monkeypatch
    ):
        """The base is drawn anew at the second load."""
        adapter(str(base), tmp_path / "a")
        plain = roundtrip.load_base

        def other(one, folder):
            loaded = plain(one, folder)
            loaded.model.lm_head.weight.data += 0.01
            return loaded

        monkeypatch.setattr(roundtrip, "load_base", other)
        checked = self.run(tmp_path / "a", base)
        assert codes(checked) == ["LOR514"]
        assert "answers differ" in checked.findings[0].message

    def test_merge_that_changes_the_model_is_a_warning(self, base, tmp_path, monkeypatch):
        """Tied embeddings, a bug of a library: who does not merge is not concerned."""
        from peft.tuners.lora import Linear

        adapter(str(base), tmp_path / "a")
        plain = Linear.get_delta_weight
        monkeypatch.setattr(Linear, "get_delta_weight", lambda *given: plain(*given) * 2)
        checked = self.run(tmp_path / "a", base)
        assert [(one.code, one.severity) for one in checked.findings] == [("LOR514", "warning")]
        assert checked.verdict == "verified"

    def test_merge_is_not_done_on_a_model_that_has_been_run(self, base, tmp_path, monkeypatch):
        """Where bitsandbytes packs weights in the first forward, merging after it is garbage."""
        adapter(str(base), tmp_path / "a")
        plain, loads = roundtrip.load_base, []

        def watched(one, folder):
            loaded, events = plain(one, folder), []
            loads.append(events)
            loaded.model.register_forward_pre_hook(lambda *_: events.append("forward"))
            quantised = loaded.model.dequantize

            def dequantize(*args):
                events.append("merge")
                return quantised(*args)

            loaded.model.dequantize = dequantize
            return loaded

        monkeypatch.setattr(roundtrip, "load_base", watched)
        self.run(tmp_path / "a", base, quantization="nf4")
        (merged,) = [events for events in loads if "merge" in events]
        assert merged[:2] == ["merge", "forward"]

    def test_an_effect_smaller_than_the_error_of_4_bits_is_no_fault_of_the_merge(
        self, base, tmp_path
    ):
        """The quantised base answers otherwise than the plain one: both are asked on the plain."""
        adapter(str(base), tmp_path / "a", lora_alpha=0.002)
        checked = self.run(tmp_path / "a", base, quantization="nf4")
        assert (checked.verdict, checked.findings, checked.skipped) == ("verified", (), ())

    def test_small_update_is_lost_in_a_bfloat16_merge(self, base, tmp_path):
        adapter(str(base), tmp_path / "a", lora_alpha=0.02)
        checked = self.run(tmp_path / "a", base, dtype="bfloat16")
        assert [(one.code, one.severity) for one in checked.findings] == [("LOR514", "warning")]
        assert "rounded to bfloat16" in checked.findings[0].message

    def test_model_that_cannot_be_asked_is_compared_by_its_tensors(
        self, base, tmp_path, monkeypatch
    ):
        def cannot(*given, **options):
            raise NoAnswerError("the model takes no input that can be made up")

        adapter(str(base), tmp_path / "a")
        monkeypatch.setattr(roundtrip, "question", cannot)
        checked = self.run(tmp_path / "a", base)
        assert (checked.verdict, checked.checked) == ("verified", 12)
        assert [one.what for one in checked.skipped] == [
            "the reloaded model's answers", "the merged model",
        ]  # fmt: skip


def test_answers_are_asked_in_the_recorded_shape(recorded, base):
    """A model with fewer tokens than were recorded is not asked for those that it lacks."""
    from loralint.verify import fingerprints

    golden = read_contract(recorded).golden
    model = adapter(str(base), recorded.parent / "b")
    model.get_base_model().resize_token_embeddings(50, mean_resizing=False)
    distance = fingerprints.measure(model, golden)
    assert distance.shape == "it knows 50 tokens only"
    assert not distance.within(1e9)
    assert torch.equal(
        fingerprints.values(golden).reshape(-1)[:3],
        torch.frombuffer(bytearray(golden.values), dtype=torch.float32)[:3],
    )
