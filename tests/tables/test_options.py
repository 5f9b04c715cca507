"""Every option, dtype and quantisation of the catalogue, as the two sides of a pair show it."""

from __future__ import annotations

import pytest

from tests.tables.projects import codes, inventory, pairs
from tests.tables.tables import BITSANDBYTES, DTYPES, OPTIONS, QUANTIZATION_CONFIGS

TRAIN = """\
import torch
from peft import LoraConfig, get_peft_model
from transformers import {imports}AutoModelForCausalLM, Trainer

base = AutoModelForCausalLM.from_pretrained("org/x", {given})
model = get_peft_model(base, LoraConfig(r=8))
Trainer(model).train()
model.save_pretrained("out/x")
"""
SERVE = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("org/x")
model = PeftModel.from_pretrained(base, "out/x")
"""

FLAGS = ("True", "True")
GIVEN = {
    "trust_remote_code": FLAGS,
    "dtype": ("torch.bfloat16", "bfloat16"),
    "torch_dtype": ("torch.bfloat16", "bfloat16"),
    "compute_dtype": ("torch.bfloat16", "bfloat16"),
    "load_in_4bit": FLAGS,
    "load_in_8bit": FLAGS,
    "code_revision": ('"v2"', "v2"),
    "tokenizer_revision": ('"v2"', "v2"),
    "tokenizer": ('"org/t"', "org/t"),
    "tokenizer_name": ('"org/t"', "org/t"),
    "local_files_only": FLAGS,
    "subfolder": ('"sub"', "sub"),
    "variant": ('"fp16"', "fp16"),
    "weight_name": ('"a.bin"', "a.bin"),
    "filename": ('"a.bin"', "a.bin"),
    "is_trainable": FLAGS,
    "adapter_name": ('"a"', "a"),
    "lora_name": ('"a"', "a"),
    "adapter_path": ('"out/a"', "out/a"),
    "enable_lora": FLAGS,
    "token": ('"hf_x"', "hf_x"),
    "use_auth_token": FLAGS,
    "config": ('"org/c"', "org/c"),
    "num_labels": ("3", "3"),
    "ignore_mismatched_sizes": FLAGS,
    "low_cpu_mem_usage": FLAGS,
    "use_safetensors": FLAGS,
    "use_exact_model_name": FLAGS,
    "full_finetuning": FLAGS,
    "repo_type": ('"dataset"', "dataset"),
    "local_dir": ('"base"', "base"),
}
"""Each keyword with what it is given in code, and how that is shown."""

NAMES = {
    "trust_remote_code": "trust_remote_code",
    "dtype": "dtype torch_dtype compute_dtype",
    "tokenizer": "tokenizer tokenizer_name",
    "adapter_name": "adapter_name lora_name",
    "use_auth": "token use_auth_token",
    **{
        name: name
        for name in """load_in_4bit load_in_8bit code_revision tokenizer_revision local_files_only
        subfolder variant weight_name filename is_trainable adapter_path enable_lora config
        num_labels ignore_mismatched_sizes low_cpu_mem_usage use_safetensors use_exact_model_name
        full_finetuning repo_type local_dir""".split()
    },
}
"""What an option is called, and the keywords that give it."""

CONFIGS = {
    "GPTQConfig": "gptq",
    "BaseQuantizeConfig": "gptq",
    "AwqConfig": "awq",
    "HqqConfig": "hqq",
    "AqlmConfig": "aqlm",
    "QuantoConfig": "quanto",
    "EetqConfig": "eetq",
    "TorchAoConfig": "torchao",
    "FPQuantConfig": "fp-quant",
    "Mxfp4Config": "mxfp4",
    "FineGrainedFP8Config": "fp8",
    "FbgemmFp8Config": "fp8",
    "HiggsConfig": "higgs",
    "CompressedTensorsConfig": "compressed-tensors",
}
ALIASES = {
    "half": "float16",
    "fp16": "float16",
    "bf16": "bfloat16",
    "float": "float32",
    "fp32": "float32",
    "double": "float64",
}
BITS = [
    ("load_in_4bit=True", {"quantization": "fp4", "bnb_4bit_compute_dtype": "float32"}),
    ("load_in_8bit=True", {"quantization": "int8"}),
    ('load_in_4bit=True, bnb_4bit_quant_type="nf4"', {"quantization": "nf4"}),
    (
        "load_in_4bit=True, bnb_4bit_use_double_quant=True",
        {"bnb_4bit_use_double_quant": "True", "bnb_4bit_quant_type": "fp4"},
    ),
    (
        "load_in_4bit=True, bnb_4bit_compute_dtype=torch.bfloat16",
        {"bnb_4bit_compute_dtype": "bfloat16", "bnb_4bit_use_double_quant": "False"},
    ),
]


def trained(folder, given, imports=""):
    """The options of the training side."""
    text = TRAIN.format(given=given, imports=f"{imports}, " if imports else "")
    [pair] = pairs(folder, {"train.py": text, "serve.py": SERVE})
    return pair["train"]["options"]


@pytest.mark.parametrize(
    ("name", "keyword"), [(name, each) for name, words in NAMES.items() for each in words.split()]
)
def test_option(tmp_path, name, keyword):
    given, shown = GIVEN[keyword]
    assert trained(tmp_path, f"{keyword}={given}")[name] == shown


def test_every_option_has_a_test():
    assert {name: tuple(words.split()) for name, words in NAMES.items()} == OPTIONS


@pytest.mark.parametrize(("config", "method"), CONFIGS.items())
def test_configuration_of_a_quantisation(tmp_path, config, method):
    options = trained(tmp_path, f"quantization_config={config}()", config)
    assert options["quantization"] == method


def test_every_configuration_has_a_test():
    assert CONFIGS == QUANTIZATION_CONFIGS


@pytest.mark.parametrize(("given", "shown"), BITS)
def test_bits_and_bytes(tmp_path, given, shown):
    call = f"quantization_config=BitsAndBytesConfig({given})"
    assert shown.items() <= trained(tmp_path, call, "BitsAndBytesConfig").items()


def test_every_field_has_a_test():
    assert all(any(name in given for given, _ in BITS) for name, _ in BITSANDBYTES)


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
@pytest.mark.parametrize("given", ['"{}"', "torch.{}"])
def test_dtype(tmp_path, alias, name, given):
    assert trained(tmp_path, f"dtype={given.format(alias)}")["dtype"] == name


def test_every_dtype_has_a_test():
    assert ALIASES == DTYPES


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ('hf_hub_download("org/x", "adapter_model.safetensors")', "LOR101"),
        ('hf_hub_download("org/x", repo_type="dataset", filename="a.csv")', ""),
    ],
)
def test_what_kind_of_repository(tmp_path, call, found):
    text = f"from huggingface_hub import hf_hub_download\n\nx = {call}\n"
    assert codes(tmp_path, {"get.py": text}, "LOR101") == found.split()
    assert len(inventory(tmp_path, {"get.py": text})) == 1
