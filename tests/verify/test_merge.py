"""`--merged`: real merges by PEFT pass to the last bit, and planted faults do not pass."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.verify.conftest import MISSING, REASON, REQUIRED

if MISSING and not REQUIRED:
    pytest.skip(REASON, allow_module_level=True)

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForCausalLM, BitsAndBytesConfig

from loralint.verify.case import Case
from loralint.verify.merged import check_merged
from loralint.verify.result import UnusableInputError
from tests.verify.tiny import adapter, llama

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]
KINDS = {
    "plain": {},
    "rslora": {"use_rslora": True},
    "patterns": {"rank_pattern": {"q_proj": 8}, "alpha_pattern": {"v_proj": 3}},
    "dora": {"use_dora": True},
    "embedding": {"target_modules": ["embed_tokens", "q_proj"]},
    "head": {"modules_to_save": ["lm_head"]},
    "tokens": {"trainable_token_indices": [3, 7, 11]},
    "all-linear": {"target_modules": "all-linear"},
    "biases": {"bias": "lora_only"},
}
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


@pytest.fixture
def base(tmp_path):
    return llama(tmp_path / "base")


def in_type(base, folder, dtype):
    AutoModelForCausalLM.from_pretrained(base, dtype=dtype).save_pretrained(folder)
    return folder


def merge(base, trained, out, *, safe=False, dtype="auto", autocast=True, **save):
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    wrapped = PeftModel.from_pretrained(model, trained, autocast_adapter_dtype=autocast)
    wrapped.merge_and_unload(safe_merge=safe).save_pretrained(out, **save)
    return out


def check(base, trained, merged):
    return check_merged(Case(adapter=trained, name="a", base=str(base)), merged)


def move(folder, kind="lora_B"):
    """Make an adapter look trained: nothing of it is zero."""
    path = folder / "adapter_model.safetensors"
    torch.manual_seed(5)
    changed = {}
    for name, tensor in load_file(path).items():
        noise = torch.randn_like(tensor) * 0.05
        changed[name] = tensor + noise if "magnitude" not in name else tensor * 1.1
    save_file(changed, path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_merge_by_peft_is_exact(kind, dtype, base, tmp_path):
    typed = in_type(base, tmp_path / "typed", DTYPES[dtype])
    trained = tmp_path / "a"
    adapter(str(typed), trained, **KINDS[kind])
    move(trained)
    checked = check(typed, trained, merge(typed, trained, tmp_path / "m"))
    assert checked.verdict == "verified", (checked.findings, checked.skipped)
    assert checked.checked == len(load_file(tmp_path / "m" / "model.safetensors"))
    assert not [one for one in checked.skipped if "last bits" in one.what]


@pytest.mark.parametrize("kind", ["plain", "dora"])
@pytest.mark.parametrize(
    "how",
    [
        {"safe": True},
        {"autocast": False},
        {"autocast": False, "safe": True},
        {"dtype": torch.bfloat16},
        {"dtype": torch.float16},
        {"max_shard_size": "40KB"},
    ],
    ids=str,
)
def test_every_way_of_merging_is_exact(kind, how, base, tmp_path):
    """A base in float32, an adapter saved in half precision, and each way PEFT rounds."""
    trained = tmp_path / "a"
    adapter(str(base), trained, **KINDS[kind])
    path = trained / "adapter_model.safetensors"
    save_file({name: one.bfloat16() for name, one in load_file(path).items()}, path)
    checked = check(base, trained, merge(base, trained, tmp_path / "m", **how))
    assert checked.verdict == "verified", (checked.findings, checked.skipped)
    assert not [one for one in checked.skipped if "last bits" in one.what]
    if "max_shard_size" in how:
        assert len(list((tmp_path / "m").glob("model-*.safetensors"))) > 2


def test_merge_in_float32_that_is_saved_in_half(base, tmp_path):
    typed = in_type(base, tmp_path / "typed", torch.bfloat16)
    adapter(str(typed), tmp_path / "a")
    model = AutoModelForCausalLM.from_pretrained(typed, dtype=torch.float32)
    merged = PeftModel.from_pretrained(model, tmp_path / "a").merge_and_unload()
    merged.to(torch.bfloat16).save_pretrained(tmp_path / "m")
    assert check(typed, tmp_path / "a", tmp_path / "m").verdict == "verified"


def quantisation(kind, double=True):
    if kind == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type=kind, bnb_4bit_use_double_quant=double,
        bnb_4bit_compute_dtype=torch.float32,
    )  # fmt: skip


def merged_on_plain(base, folder, out, config, *, dtype=None, saved=None):
    """A model that was loaded quantised, made plain again, merged, and saved in some type."""
    options = {} if dtype is None else {"dtype": dtype}
    model = AutoModelForCausalLM.from_pretrained(base, quantization_config=config, **options)
    merged = PeftModel.from_pretrained(model.dequantize(), folder).merge_and_unload()
    merged.to(saved or merged.dtype).save_pretrained(out)
    return out


def plain_again(checked):
    return [one.reason for one in checked.skipped if "made plain again" in one.reason]


@pytest.mark.parametrize(
    ("kind", "double"),
    [("nf4", True), ("nf4", False), ("fp4", True), ("fp4", False), ("int8", False)],
)
def test_merge_into_a_base_that_was_made_plain_again(kind, double, base, tmp_path):
    adapter(str(base), tmp_path / "a")
    merged_on_plain(base, tmp_path / "a", tmp_path / "m", quantisation(kind, double))
    checked = check(base, tmp_path / "a", tmp_path / "m")
    assert checked.verdict == "verified", (checked.findings, checked.skipped)
    assert [one.startswith(f"it was loaded in {kind}") for one in plain_again(checked)] == [True]


@pytest.mark.parametrize("saved", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", ["nf4", "int8"])
def test_the_type_of_the_load_need_not_be_that_of_the_file(kind, dtype, saved, base, tmp_path):
    adapter(str(base), tmp_path / "a")
    merged_on_plain(
        base, tmp_path / "a", tmp_path / "m", quantisation(kind), dtype=dtype, saved=saved
    )
    checked = check(base, tmp_path / "a", tmp_path / "m")
    assert checked.verdict == "verified", (checked.findings, checked.skipped)
    assert plain_again(checked)


def test_merge_in_half_precision_that_is_saved_in_float32(base, tmp_path):
    adapter(str(base), tmp_path / "a")
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16)
    merged = PeftModel.from_pretrained(model, tmp_path / "a").merge_and_unload()
    merged.float().save_pretrained(tmp_path / "m")
    checked = check(base, tmp_path / "a", tmp_path / "m")
    assert checked.verdict == "verified", (checked.findings, checked.skipped)


@pytest.mark.parametrize("kind", ["nf4", "int8"])
@pytest.mark.parametrize(("alpha", "factor"), [(8, 0.5), (8, 2.0), (0.01, 2.0)])
def test_wrong_scaling_on_plain_again(kind, alpha, factor, base, tmp_path):
    """Also of an update that is small beside the error of quantising, where it could hide."""
    adapter(str(base), tmp_path / "a", lora_alpha=alpha)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    path = tmp_path / "b" / "adapter_config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, "lora_alpha": config["lora_alpha"] * factor}))
    merged_on_plain(base, tmp_path / "b", tmp_path / "m", quantisation(kind))
    checked = check(base, tmp_path / "a", tmp_path / "m")
    assert [one.code for one in checked.findings] == ["LOR512"]


@pytest.mark.parametrize("kind", ["nf4", "int8"])
def test_other_base_made_plain_again(kind, base, tmp_path):
    adapter(str(base), tmp_path / "a")
    other = llama(tmp_path / "other", seed=5)
    merged_on_plain(other, tmp_path / "a", tmp_path / "m", quantisation(kind))
    assert check(base, tmp_path / "a", tmp_path / "m").verdict == "failed"


@pytest.mark.parametrize("kind", ["nf4", "int8"])
def test_plain_again_on_a_machine_that_rounds_otherwise(kind, base, tmp_path):
    """A GPU may sum a block's scales in another order: near is neither right nor wrong."""
    adapter(str(base), tmp_path / "a")
    merged_on_plain(base, tmp_path / "a", tmp_path / "m", quantisation(kind))
    path = tmp_path / "m" / "model.safetensors"
    tensors = load_file(path)
    for name, tensor in tensors.items():
        if "proj" in name:
            tensors[name] = tensor * (1 + 1e-6)
    save_file(tensors, path, {"format": "pt"})
    checked = check(base, tmp_path / "a", tmp_path / "m")
    assert (checked.verdict, checked.findings) == ("inconclusive", ())
    assert {one.reason for one in checked.skipped if "rounding" in one.reason}


@pytest.mark.parametrize("kind", ["nf4", "int8"])
def test_merge_into_quantised_weights_cannot_be_decided(kind, base, tmp_path):
    adapter(str(base), tmp_path / "a")
    model = AutoModelForCausalLM.from_pretrained(base, quantization_config=quantisation(kind))
    PeftModel.from_pretrained(model, tmp_path / "a").merge_and_unload().save_pretrained(
        tmp_path / "m"
    )
    checked = check(base, tmp_path / "a", tmp_path / "m")
    assert (checked.verdict, checked.findings) == ("inconclusive", ())
    assert any("quantised" in one.reason for one in checked.skipped)


def test_convolutions_of_a_vision_model(tmp_path):
    from transformers import ViTConfig, ViTModel

    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
             "intermediate_size": 64, "image_size": 16, "patch_size": 4}  # fmt: skip
    ViTModel(ViTConfig(**sizes)).save_pretrained(tmp_path / "base")
    config = LoraConfig(r=4, target_modules=["projection", "query"], init_lora_weights=False)
    wrapped = get_peft_model(AutoModel.from_pretrained(tmp_path / "base"), config)
    wrapped.save_pretrained(tmp_path / "a")
    wrapped.merge_and_unload().save_pretrained(tmp_path / "m")
    checked = check(tmp_path / "base", tmp_path / "a", tmp_path / "m")
    assert checked.verdict == "verified", (checked.findings, checked.skipped)


def test_transposed_layers_of_gpt2(tmp_path):
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(vocab_size=99, n_embd=32, n_layer=1, n_head=2)).save_pretrained(
        tmp_path / "base"
    )
    config = LoraConfig(r=4, target_modules=["c_attn", "c_proj"], init_lora_weights=False)
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    wrapped = get_peft_model(base, config)
    wrapped.save_pretrained(tmp_path / "a")
    wrapped.merge_and_unload().save_pretrained(tmp_path / "m")
    checked = check(tmp_path / "base", tmp_path / "a", tmp_path / "m")
    assert checked.verdict == "verified", (checked.findings, checked.skipped)


# --- planted faults -----------------------------------------------------------------------------


@pytest.fixture(params=DTYPES)
def merged(request, base, tmp_path):
    """Base, adapter and merged model in one type."""
    typed = in_type(base, tmp_path / "typed", DTYPES[request.param])
    adapter(str(typed), tmp_path / "a")
    return typed, tmp_path / "a", merge(typed, tmp_path / "a", tmp_path / "m")


Q = "model.layers.1.self_attn.q_proj.weight"
NORM = "model.norm.weight"


def edit(folder, change):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})


def fails(merged, count, says):
    (found,) = check(*merged).findings
    assert found.code == "LOR512"
    assert f"{count} of 21 in" in found.message.replace("tensors ", "").replace("tensor ", "")
    assert says in found.message, found.message


def plain(typed, name):
    return load_file(typed / "model.safetensors")[name]


def test_layer_that_was_left_out(merged):
    typed, _, folder = merged
    edit(folder, lambda tensors: tensors.update({Q: plain(typed, Q)}))
    fails(merged, 1, "the adapter was not merged into it")


def test_base_in_place_of_the_merged_model(merged):
    typed, trained, _ = merged
    fails((typed, trained, typed), 6, "the adapter was not merged into it")


def test_adapter_merged_twice(merged):
    _, trained, folder = merged
    merge(folder, trained, folder)
    fails(merged, 6, "the adapter was merged 2 times")


@pytest.mark.parametrize(
    ("factor", "says"), [(0.5, "0.5"), (1.02, "1.02"), (-1, "subtracted")], ids=str
)
def test_wrong_scaling(merged, factor, says):
    typed, _, folder = merged

    def scaled(tensors):
        base = plain(typed, Q).double()
        update = tensors[Q].double() - base
        tensors[Q] = (base + factor * update).to(tensors[Q].dtype)

    edit(folder, scaled)
    fails(merged, 1, says)


def test_other_adapter(merged, tmp_path):
    typed, _, folder = merged
    adapter(str(typed), tmp_path / "other", seed=8)
    fails((typed, tmp_path / "other", folder), 6, "is not the adapter's update")


def test_other_base(merged, tmp_path):
    _, trained, folder = merged
    found = check(llama(tmp_path / "other", seed=8), trained, folder).findings
    assert [one.code for one in found] == ["LOR512"]


def test_one_value_of_one_layer(merged):
    _, _, folder = merged

    def flipped(tensors):
        step = torch.finfo(tensors[Q].dtype).eps
        tensors[Q][0, 0] += 128 * step

    edit(folder, flipped)
    fails(merged, 1, Q)


def test_tensor_that_no_adapter_is_on(merged):
    _, _, folder = merged
    edit(folder, lambda tensors: tensors[NORM].add_(1))
    fails(merged, 1, "no adapter is on it, and it is not the base's")


def test_tensor_that_is_missing(merged):
    _, _, folder = merged
    edit(folder, lambda tensors: tensors.pop(Q))
    typed, trained, _ = merged
    checked = check(typed, trained, folder)
    (found,) = checked.findings
    assert "the base has it, and the merged model does not" in found.message


def test_head_that_was_not_taken_over(base, tmp_path):
    adapter(str(base), tmp_path / "a", modules_to_save=["lm_head"])
    move(tmp_path / "a")
    merge(base, tmp_path / "a", tmp_path / "m")
    edit(tmp_path / "m", lambda tensors: tensors["lm_head.weight"].add_(1))
    (found,) = check(base, tmp_path / "a", tmp_path / "m").findings
    assert "it is not the adapter's tensor" in found.message


# --- what is left open --------------------------------------------------------------------------


def test_update_too_small_to_see_proves_nothing(base, tmp_path):
    typed = in_type(base, tmp_path / "typed", torch.bfloat16)
    adapter(str(typed), tmp_path / "a")
    path = tmp_path / "a" / "adapter_model.safetensors"
    save_file({name: one * 1e-6 for name, one in load_file(path).items()}, path)
    checked = check(typed, tmp_path / "a", merge(typed, tmp_path / "a", tmp_path / "m"))
    assert (checked.verdict, checked.findings) == ("inconclusive", ())
    assert any("too small" in one.reason for one in checked.skipped)


def test_other_peft_type(base, tmp_path):
    adapter(str(base), tmp_path / "a")
    path = tmp_path / "a" / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "peft_type": "LOHA"}))
    checked = check(base, tmp_path / "a", base)
    assert (checked.verdict, checked.findings) == ("inconclusive", ())
    assert "merging changes no bit of the base" in checked.skipped[0].reason


def test_base_that_is_not_here(base, tmp_path):
    adapter(str(base), tmp_path / "a")
    checked = check("acme/gone", tmp_path / "a", base)
    assert checked.verdict == "inconclusive"
    assert "acme/gone" in checked.skipped[0].reason


def test_folder_without_a_model(base, tmp_path):
    adapter(str(base), tmp_path / "a")
    with pytest.raises(UnusableInputError, match=r"neither model\.safetensors nor"):
        check(base, tmp_path / "a", tmp_path / "a")


def test_shard_that_is_missing(base, tmp_path):
    adapter(str(base), tmp_path / "a")
    merge(base, tmp_path / "a", tmp_path / "m", max_shard_size="40KB")
    sorted((tmp_path / "m").glob("model-*.safetensors"))[1].unlink()
    with pytest.raises(UnusableInputError, match="is missing"):
        check(base, tmp_path / "a", tmp_path / "m")


def test_command_line_says_what_it_means(merged):
    from click.testing import CliRunner

    from loralint.cli.group import loralint

    typed, trained, folder = merged
    arguments = ["verify", trained, "--base", typed, "--merged", folder, "--offline"]
    done = CliRunner().invoke(loralint, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    assert "The merged model is what merging this adapter into this base gives." in done.output
    arguments[5] = typed
    done = CliRunner().invoke(loralint, list(map(str, arguments)))
    assert done.exit_code == 1
    assert "LOR512" in done.output
    assert "The merged model is not this base with this adapter in it." in done.output
