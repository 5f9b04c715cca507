"""Every key of every framework's recipes: what makes a file one, what it loads, saves and says."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.tables.projects import check, inventory, loads, pairs
from tests.tables.tables import FRAMEWORKS, NEVER_RECIPES, PUSHES

SERVE = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("org/x")
model = PeftModel.from_pretrained(base, "{target}")
"""


def recipe(name, **more):
    """A recipe of a framework: a name as short as can be, and the keys that are asked about."""
    made: dict[str, Any] = {}
    for path, value in {**BARE[name], **more}.items():
        if value is not None:
            put(made, path.split("."), value)
    return json.dumps(made, indent=2)


def put(made, path, value):
    """Set `a.b[].c`, a list of one mapping where it says so."""
    key, rest = path[0], path[1:]
    name = key.removesuffix("[]")
    if not rest:
        made[name] = value
        return
    inner = made.setdefault(name, [{}] if key.endswith("[]") else {})
    put(inner[0] if isinstance(inner, list) else inner, rest, value)


BARE = {
    "axolotl": {"base_model": "org/x", "sequence_len": 512, "micro_batch_size": 2},
    "AutoTrain": {"task": "llm", "base_model": "org/x", "project_name": "p", "log": "none"},
    "unsloth": {"model": "org/x", "training.training_type": "lora", "data.format_type": "alpaca"},
    "torchtune": {
        "checkpointer._component_": "torchtune.training.FullModelHFCheckpointer",
        "checkpointer.checkpoint_dir": "org/x",
        "model._component_": "torchtune.models.llama3.llama3_8b",
    },
    "LLaMA-Factory": {"model_name_or_path": "org/x", "template": "llama3", "cutoff_len": 512},
    "open-instruct": {
        "model_name_or_path": "org/x", "use_slow_tokenizer": True, "with_tracking": True,
    },
    "TRL": {
        "model_name_or_path": "org/x", "attn_implementation": "eager", "learning_rate": 1e-4,
        "max_steps": 10,
    },
    "mlx-lm": {"model": "org/x", "steps_per_eval": 200, "val_batches": 25},
    "ms-swift": {"model": "org/x", "split_dataset_ratio": 0.1, "attn_impl": "eager"},
}  # fmt: skip
"""What makes a mapping a recipe, and its base."""

REVISION = {
    "axolotl": "revision_of_model",
    "LLaMA-Factory": "model_revision",
    "open-instruct": "model_revision",
    "TRL": "model_revision",
    "ms-swift": "model_revision",
}

SIGNS = {
    "axolotl": """adapter lora_model_dir lora_r lora_target_linear sequence_len micro_batch_size
        sample_packing eval_sample_packing pad_to_sequence_len val_set_size dataset_prepared_path
        tokenizer_type base_model_config revision_of_model train_on_inputs peft_use_dora
        peft_use_rslora is_llama_derived_model group_by_length pretraining_dataset strict
        flash_attention special_tokens model_type""",
    "AutoTrain": "backend data params hub log",
    "unsloth": "data.dataset data.format_type lora.lora_r training.load_in_4bit",
    "torchtune": "model._component_ tokenizer._component_ dataset._component_",
    "LLaMA-Factory": """finetuning_type template stage cutoff_len lora_target dataset_dir do_train
        adapter_name_or_path export_dir infer_backend plot_loss quantization_bit
        quantization_method export_size export_device pure_bf16 pref_loss mask_history
        freeze_vision_tower enable_thinking""",
    "open-instruct": """use_slow_tokenizer with_tracking checkpointing_steps use_lora
        dataset_mixer_list dataset_mix_dir keep_last_n_checkpoints""",
    "TRL": """model_revision use_peft lora_r lora_target_modules torch_dtype dtype
        attn_implementation dataset_name dataset_mixer dataset_mixture dataset_train_split
        dataset_config use_bnb_nested_quant bnb_4bit_quant_type load_in_4bit load_in_8bit""",
    "mlx-lm": """fine_tune_type lora_parameters lora_layers steps_per_report steps_per_eval
        resume_adapter_file grad_checkpoint val_batches test_batches mask_prompt""",
    "ms-swift": """tuner_type train_type split_dataset_ratio rlhf_type attn_impl load_args
        sampler_engine model_author loss_scale padding_free external_plugins use_hf quant_bits
        infer_backend teacher_model lazy_tokenize load_from_cache_file agent_template
        num_return_sequences merge_lora""",
}
"""The keys of which some have to stand beside the base."""

RUN = """output_dir per_device_train_batch_size num_train_epochs learning_rate max_steps
    gradient_accumulation_steps lr_scheduler_type save_steps logging_steps warmup_ratio"""
"""The second group of TRL's, of which two are needed."""

COMPANION = {
    "axolotl": "sequence_len", "LLaMA-Factory": "template", "open-instruct": "with_tracking",
    "mlx-lm": "steps_per_eval", "ms-swift": "attn_impl",
}  # fmt: skip
"""A sign that is taken along where two are needed; for itself another one is."""


def signed(name, *signs):
    """A recipe with these signs and no others."""
    others = dict.fromkeys({*SIGNS[name].split(), *RUN.split()} & BARE[name].keys())
    return recipe(name, **{**others, **dict.fromkeys(signs, "a/b")})


def base(found):
    """The loads of the base of a recipe."""
    return [one for one in found if one["repo_id"]["values"] == ["org/x"]]


@pytest.mark.parametrize(
    ("name", "sign"), [(name, sign) for name, words in SIGNS.items() for sign in words.split()]
)
def test_sign(tmp_path, name, sign):
    other = COMPANION.get(name, "")
    if other == sign:
        other = next(each for each in SIGNS[name].split() if each != sign)
    beside = ["save_steps", "max_steps"] if name == "TRL" else [other] if other else []
    files = {"train.yml": signed(name, sign, *beside)}
    assert len(base(inventory(tmp_path, files))) == 1
    marker = "from transformers import AutoModel\n\nx = AutoModel.from_pretrained('org/y')\n"
    files = {"train.yml": signed(name, *beside), "other.py": marker}
    assert base(inventory(tmp_path, files)) == [], "it needs that sign"


@pytest.mark.parametrize("sign", RUN.split())
def test_sign_of_a_run(tmp_path, sign):
    other = "save_steps" if sign != "save_steps" else "max_steps"
    files = {"train.yml": signed("TRL", "attn_implementation", sign, other)}
    assert len(base(inventory(tmp_path, files))) == 1


# --- what is loaded -----------------------------------------------------------------------------

KEYS = [
    ("axolotl", "base_model", "base-model", "revision_of_model"),
    ("axolotl", "base_model", "base-model", "model_revision"),
    ("axolotl", "tokenizer_config", "tokenizer", "revision_of_model"),
    ("axolotl", "tokenizer_config", "tokenizer", "model_revision"),
    ("axolotl", "lora_model_dir", "adapter", ""),
    ("axolotl", "datasets[].path", "dataset", "datasets[].revision"),
    ("axolotl", "test_datasets[].path", "dataset", "test_datasets[].revision"),
    ("axolotl", "pretraining_dataset[].path", "dataset", "pretraining_dataset[].revision"),
    ("AutoTrain", "base_model", "base-model", ""),
    ("AutoTrain", "data.path", "dataset", ""),
    ("unsloth", "model", "base-model", ""),
    ("unsloth", "data.dataset", "dataset", ""),
    ("torchtune", "checkpointer.checkpoint_dir", "base-model", ""),
    ("torchtune", "tokenizer.path", "tokenizer", ""),
    ("torchtune", "dataset.source", "dataset", ""),
    ("torchtune", "dataset[].source", "dataset", ""),
    ("torchtune", "dataset_val.source", "dataset", ""),
    ("LLaMA-Factory", "model_name_or_path", "base-model", "model_revision"),
    ("LLaMA-Factory", "adapter_name_or_path", "adapter", "model_revision"),
    ("LLaMA-Factory", "ref_model", "base-model", "model_revision"),
    ("LLaMA-Factory", "reward_model", "base-model", "model_revision"),
    ("open-instruct", "model_name_or_path", "base-model", "model_revision"),
    ("open-instruct", "tokenizer_name", "tokenizer", "tokenizer_revision"),
    ("open-instruct", "tokenizer_name", "tokenizer", "model_revision"),
    ("open-instruct", "tokenizer_name_or_path", "tokenizer", "tokenizer_revision"),
    ("open-instruct", "tokenizer_name_or_path", "tokenizer", "model_revision"),
    ("open-instruct", "dataset_name", "dataset", ""),
    ("open-instruct", "dataset_mixer", "dataset", ""),
    ("TRL", "model_name_or_path", "base-model", "model_revision"),
    ("TRL", "tokenizer_name_or_path", "tokenizer", "model_revision"),
    ("TRL", "reward_model_path", "base-model", ""),
    ("TRL", "sft_model_path", "base-model", ""),
    ("TRL", "teacher_model_name_or_path", "base-model", ""),
    ("TRL", "dataset_name", "dataset", ""),
    ("TRL", "dataset_mixer", "dataset", ""),
    ("TRL", "datasets[].path", "dataset", ""),
    ("TRL", "dataset_mixture.datasets[].id", "dataset", ""),
    ("mlx-lm", "model", "base-model", ""),
    ("ms-swift", "model", "base-model", "model_revision"),
    ("ms-swift", "teacher_model", "base-model", "teacher_model_revision"),
    ("ms-swift", "ref_model", "base-model", "ref_model_revision"),
    ("ms-swift", "reward_model", "base-model", "reward_model_revision"),
    ("ms-swift", "adapters", "adapter", ""),
    ("ms-swift", "resume_from_checkpoint", "adapter", ""),
    ("ms-swift", "dataset", "dataset", ""),
    ("ms-swift", "val_dataset", "dataset", ""),
]
"""Framework, key, artifact, and the key of the revision."""

FORMS = {
    ("LLaMA-Factory", "adapter_name_or_path"): "org/k,org/l",
    ("open-instruct", "dataset_mixer"): {"org/k": 0.5, "org/l": 0.5},
    ("TRL", "dataset_mixer"): {"org/k": 0.5, "org/l": 0.5},
    ("ms-swift", "adapters"): ["org/k", "org/l"],
    ("ms-swift", "dataset"): ["HF::org/k:sub#500", "org/l"],
    ("ms-swift", "val_dataset"): ["org/k#1", "org/l"],
}
"""Keys that name several, in the form of their own."""


@pytest.mark.parametrize(("name", "key", "artifact", "revision"), KEYS)
def test_key(tmp_path, name, key, artifact, revision):
    value = FORMS.get((name, key), "org/k")
    more = {key: value, **({revision: "v1"} if revision else {})}
    found = loads(tmp_path, {"train.yml": recipe(name, **more)})
    expected = [(artifact, "org/k", "v1" if revision else "")]
    if key in ("dataset", "dataset[]") or value != "org/k":
        expected.append((artifact, "org/l", expected[0][2]))
    assert [one for one in found if one[1] in ("org/k", "org/l")] == expected


# --- what is saved, and how ---------------------------------------------------------------------

ADAPTER = {
    "axolotl": [{"adapter": "lora"}, {"adapter": "qlora"}],
    "AutoTrain": [{"params.peft": True}],
    "unsloth": [{"training.training_type": "lora"}, {"training.training_type": "LoRA/QLoRA"}],
    "LLaMA-Factory": [{"finetuning_type": "lora"}, {"finetuning_type": "oft"}, {}],
    "open-instruct": [{"use_lora": True}, {"use_qlora": True}],
    "TRL": [{"use_peft": True}],
    "mlx-lm": [{"fine_tune_type": "lora"}, {"fine_tune_type": "dora"}, {}],
    "ms-swift": [
        {"tuner_type": "lora"}, {"tuner_type": "adalora"}, {"tuner_type": "longlora"},
        {"train_type": "lora"}, {"train_type": "adalora"},
    ],
}  # fmt: skip
"""What makes an adapter of what is trained."""

TRAINS = {"LLaMA-Factory": {"do_train": True}}
SAVES = {
    "axolotl": "output_dir hub_model_id",
    "AutoTrain": "project_name",
    "unsloth": "training.output_dir",
    "LLaMA-Factory": "output_dir hub_model_id",
    "open-instruct": "output_dir hub_model_id",
    "TRL": "output_dir hub_model_id",
    "mlx-lm": "adapter_path",
    "ms-swift": "output_dir hub_model_id",
}
MERGED = {"LLaMA-Factory": "export_dir export_hub_model_id"}
FULL = {"torchtune": "checkpointer.output_dir output_dir"}


def trained(folder, name, target="out/x", **more):
    """The pairs of a recipe with a script that loads the adapter from `target`."""
    key = SAVES[name].split()[0]
    text = recipe(name, **{key: target, **TRAINS.get(name, {}), **ADAPTER[name][0], **more})
    found = pairs(folder, {"train.yml": text, "serve.py": SERVE.format(target=target)})
    return [pair for pair in found if pair["rule"] == "artifact"]


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, keys in SAVES.items() for key in keys.split()]
)
def test_save(tmp_path, name, key):
    target = "me/x" if key in PUSHES else "out/x"
    first = SAVES[name].split()[0]
    elsewhere = {} if key == first else {first: "elsewhere"}
    [pair] = trained(tmp_path, name, target, **{key: target, **elsewhere})
    assert pair["train"]["filename"] == "train.yml"
    assert pair["train"]["stage"] == "train"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("LLaMA-Factory", "export_dir"),
        ("torchtune", "output_dir"),
        ("torchtune", "checkpointer.output_dir"),
    ],
)
def test_a_model_is_saved(tmp_path, name, key):
    """What the project writes itself is no repository, whatever it looks like."""
    load = 'from transformers import AutoModel\n\nmodel = AutoModel.from_pretrained("me/x")\n'
    files = {"use.py": load, "train.yml": recipe(name)}
    assert "use.py" in {one["filename"] for one in check(tmp_path, files, "LOR101")}
    files["train.yml"] = recipe(name, **{key: "me/x"})
    assert "use.py" not in {one["filename"] for one in check(tmp_path, files, "LOR101")}


@pytest.mark.parametrize(
    ("name", "given"), [(name, given) for name, each in ADAPTER.items() for given in each]
)
def test_an_adapter_is_trained(tmp_path, name, given):
    first = dict.fromkeys(ADAPTER[name][0])
    if name == "unsloth":
        first = {}
    rank = {"lora_r": 8} if name == "axolotl" else {}  # which has no default of its own
    [pair] = trained(tmp_path, name, **{**first, **given, **rank})
    assert pair["train"]["filename"] == "train.yml"
    assert "lora.r" in restated(tmp_path)


STAGES = [
    ("axolotl", {}, "train"),
    ("axolotl", {"merge_lora": True}, "infer"),
    ("axolotl", {"inference": True}, "infer"),
    ("AutoTrain", {}, "train"),
    ("unsloth", {}, "train"),
    ("torchtune", {}, "infer"),
    ("torchtune", {"optimizer._component_": "torch.optim.AdamW"}, "train"),
    ("LLaMA-Factory", {}, "infer"),
    ("LLaMA-Factory", {"do_train": True}, "train"),
    ("LLaMA-Factory", {"do_train": True, "export_dir": "out"}, "infer"),
    ("open-instruct", {}, "train"),
    ("TRL", {}, "train"),
    ("mlx-lm", {}, "train"),
    ("ms-swift", {}, "train"),
    ("ms-swift", {"infer_backend": "pt"}, "infer"),
    ("ms-swift", {"sampler_engine": "pt"}, "infer"),
    ("ms-swift", {"sampler_type": "sample"}, "infer"),
]


@pytest.mark.parametrize(("name", "given", "stage"), STAGES)
def test_stage(tmp_path, name, given, stage):
    [found] = base(inventory(tmp_path, {"train.yml": recipe(name, **given)}))
    assert found["stage"] == stage


@pytest.mark.parametrize("engine", ["client", "no"])
def test_what_is_never_a_recipe(tmp_path, engine):
    text = recipe("ms-swift", sampler_engine=engine)
    serve = SERVE.format(target="out/x")
    found = inventory(tmp_path, {"train.yml": text, "serve.py": serve})
    assert {one["filename"] for one in found} == {"serve.py"}


@pytest.mark.parametrize(
    ("given", "hub"),
    [
        ({}, "ModelScope's default branch"),
        ({"use_hf": True}, "the default branch holds"),
        ({"use_hf": False}, "ModelScope's default branch"),
    ],
)
def test_which_hub(tmp_path, given, hub):
    [found] = check(tmp_path, {"train.yml": recipe("ms-swift", **given)}, "LOR101")
    assert f"whatever {hub}" in found["message"]


# --- options ------------------------------------------------------------------------------------

OPTIONS = [
    ("axolotl", {"adapter": "qlora", "load_in_4bit": True}, {"quantization": "nf4"}),
    (
        "axolotl",
        {"adapter": "qlora", "load_in_4bit": True},
        {"bnb_4bit_use_double_quant": "True (default)"},
    ),
    ("axolotl", {"adapter": "lora", "load_in_8bit": True}, {"quantization": "int8"}),
    (
        "axolotl",
        {"adapter": "qlora", "load_in_4bit": True, "bnb_config_kwargs.bnb_4bit_quant_type": "fp4",
         "bnb_config_kwargs.bnb_4bit_use_double_quant": False},
        {"quantization": "fp4", "bnb_4bit_use_double_quant": "False"},
    ),
    ("axolotl", {"chat_template": "chatml"}, {"template": "chatml", "template_names": "axolotl"}),
    ("LLaMA-Factory", {"template": "a"}, {"template": "a", "template_names": "LLaMA-Factory"}),
    ("ms-swift", {"template": "qwen"}, {"template": "qwen", "template_names": "ms-swift"}),
    ("axolotl", {"trust_remote_code": True}, {"trust_remote_code": "True"}),
    ("axolotl", {"bf16": True}, {"dtype": "bfloat16"}),
    ("axolotl", {"bfloat16": True}, {"dtype": "bfloat16"}),
    ("axolotl", {"fp16": True}, {"dtype": "float16"}),
    ("axolotl", {"float16": True}, {"dtype": "float16"}),
    ("axolotl", {"lora_r": 8}, {"lora.r": "8"}),
    ("axolotl", {"lora_alpha": 4}, {"lora.lora_alpha": "4"}),
    ("axolotl", {"lora_target_modules": ["q"]}, {"lora.target_modules": '["q"]'}),
    ("axolotl", {"peft_use_rslora": True}, {"lora.use_rslora": "True"}),
    ("axolotl", {"peft_use_dora": True}, {"lora.use_dora": "True"}),
    ("AutoTrain", {"params.quantization": "int4"}, {"quantization": "nf4"}),
    ("AutoTrain", {"params.quantization": "int8"}, {"quantization": "int8"}),
    ("AutoTrain", {"params.lora_r": 4}, {"lora.r": "4"}),
    ("AutoTrain", {}, {"lora.r": "16", "lora.lora_alpha": "32"}),
    ("AutoTrain", {"params.lora_alpha": 4}, {"lora.lora_alpha": "4"}),
    ("unsloth", {}, {"quantization": "nf4", "lora.r": "64", "lora.lora_alpha": "16"}),
    ("unsloth", {"training.load_in_4bit": True}, {"quantization": "nf4"}),
    ("unsloth", {"training.load_in_4bit": False}, {"quantization": "none"}),
    ("unsloth", {"lora.lora_r": 4, "lora.lora_alpha": 5}, {"lora.r": "4", "lora.lora_alpha": "5"}),
    ("unsloth", {"lora.use_rslora": True}, {"lora.use_rslora": "True"}),
    ("unsloth", {"lora.use_dora": True}, {"lora.use_dora": "True"}),
    ("LLaMA-Factory", {"quantization_bit": 4}, {"quantization": "nf4"}),
    ("LLaMA-Factory", {"quantization_bit": 4}, {"bnb_4bit_use_double_quant": "True (default)"}),
    ("LLaMA-Factory", {"quantization_bit": 8}, {"quantization": "int8"}),
    (
        "LLaMA-Factory",
        {"quantization_bit": 4, "quantization_method": "bnb", "quantization_type": "fp4"},
        {"quantization": "fp4"},
    ),
    (
        "LLaMA-Factory",
        {"quantization_bit": 4, "quantization_method": "bitsandbytes",
         "double_quantization": False},
        {"quantization": "nf4", "bnb_4bit_use_double_quant": "False"},
    ),
    ("LLaMA-Factory", {"trust_remote_code": True}, {"trust_remote_code": "True"}),
    ("LLaMA-Factory", {"infer_dtype": "float16"}, {"dtype": "float16"}),
    ("LLaMA-Factory", {"bf16": True}, {"dtype": "bfloat16"}),
    ("LLaMA-Factory", {}, {"lora.r": "8"}),
    ("LLaMA-Factory", {"lora_rank": 4, "lora_alpha": 5}, {"lora.r": "4", "lora.lora_alpha": "5"}),
    ("LLaMA-Factory", {"lora_target": ["q"]}, {"lora.target_modules": '["q"]'}),
    ("LLaMA-Factory", {"use_rslora": True}, {"lora.use_rslora": "True"}),
    ("LLaMA-Factory", {"use_dora": True}, {"lora.use_dora": "True"}),
    ("mlx-lm", {}, {"lora.r": "8"}),
    ("mlx-lm", {"lora_parameters.rank": 4}, {"lora.r": "4"}),
    ("open-instruct", {"use_qlora": True}, {"quantization": "nf4"}),
    ("open-instruct", {}, {"lora.r": "64", "lora.lora_alpha": "16"}),
    ("open-instruct", {"lora_rank": 4, "lora_alpha": 5}, {"lora.r": "4", "lora.lora_alpha": "5"}),
    ("open-instruct", {"trust_remote_code": True}, {"trust_remote_code": "True"}),
    ("TRL", {"load_in_4bit": True}, {"quantization": "nf4"}),
    ("TRL", {"load_in_4bit": True}, {"bnb_4bit_use_double_quant": "False (default)"}),
    ("TRL", {"load_in_8bit": True}, {"quantization": "int8"}),
    ("TRL", {"load_in_4bit": True, "bnb_4bit_quant_type": "fp4"}, {"quantization": "fp4"}),
    (
        "TRL",
        {"load_in_4bit": True, "use_bnb_nested_quant": True},
        {"bnb_4bit_use_double_quant": "True"},
    ),
    ("TRL", {"trust_remote_code": True}, {"trust_remote_code": "True"}),
    ("TRL", {"dtype": "bfloat16"}, {"dtype": "bfloat16"}),
    ("TRL", {"torch_dtype": "bfloat16"}, {"dtype": "bfloat16"}),
    ("TRL", {}, {"lora.r": "16", "lora.lora_alpha": "32"}),
    ("TRL", {"lora_r": 4, "lora_alpha": 5}, {"lora.r": "4", "lora.lora_alpha": "5"}),
    ("TRL", {"lora_target_modules": ["q"]}, {"lora.target_modules": '["q"]'}),
    ("TRL", {"use_rslora": True}, {"lora.use_rslora": "True"}),
    ("TRL", {"use_dora": True}, {"lora.use_dora": "True"}),
    ("ms-swift", {"quant_method": "bnb", "quant_bits": 4}, {"quantization": "nf4"}),
    (
        "ms-swift",
        {"quant_method": "bnb", "quant_bits": 4},
        {"bnb_4bit_use_double_quant": "True (default)"},
    ),
    ("ms-swift", {"quant_method": "bnb", "quant_bits": 8}, {"quantization": "int8"}),
    (
        "ms-swift",
        {"quant_method": "bnb", "quant_bits": 4, "bnb_4bit_quant_type": "fp4",
         "bnb_4bit_use_double_quant": False},
        {"quantization": "fp4", "bnb_4bit_use_double_quant": "False"},
    ),
    ("ms-swift", {"torch_dtype": "float16"}, {"dtype": "float16"}),
    ("ms-swift", {}, {"lora.r": "8", "lora.lora_alpha": "32", "hub": "modelscope"}),
    ("ms-swift", {"lora_rank": 4}, {"lora.r": "4"}),
    ("ms-swift", {"lora_alpha": 5}, {"lora.lora_alpha": "5"}),
    ("ms-swift", {"target_modules": ["q"]}, {"lora.target_modules": '["q"]'}),
    ("ms-swift", {"use_rslora": True}, {"lora.use_rslora": "True"}),
    ("ms-swift", {"use_dora": True}, {"lora.use_dora": "True"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "options"), OPTIONS)
def test_option(tmp_path, name, given, options):
    [pair] = trained(tmp_path, name, **given)
    shown = {**pair["train"]["options"], **restated(tmp_path)}
    assert {key: shown.get(key) for key in options} == options


def restated(folder):
    """The LoRA configuration of the training, as LOR209 compares it with that of the load."""
    config = 'LoraConfig(r=99, lora_alpha=99, target_modules=["z"])'
    serve = SERVE.replace("import PeftModel", "import LoraConfig, PeftModel")
    serve = serve.replace('"{target}"', f'"out/x", config={config}')
    message = "".join(one["message"] for one in check(folder, {"serve.py": serve}, "LOR209"))
    found = re.findall(r"(\w+)=`([^`]*)` in training", message)
    return {f"lora.{name}": value for name, value in found}


TARGET = """\
model:
  _target_: transformers.AutoModelForCausalLM.from_pretrained
  pretrained_model_name_or_path: org/x
other:
  _target_: {target}
"""
TARGETS = [
    ("peft.get_peft_model", "train"),
    ("trl.SFTTrainer", "train"),
    ("peft.LoraConfig", "train"),
    ("mine.Prompt", "neither"),
]


@pytest.mark.parametrize(("target", "stage"), TARGETS)
def test_each_sign_of_training_among_targets(tmp_path, target, stage):
    [found] = inventory(tmp_path, {"conf/model.yaml": TARGET.format(target=target)})
    assert found["stage"] == stage


# --- what is no recipe, and completeness --------------------------------------------------------

OTHERS = """package.json package-lock.json tsconfig.json config.json adapter_config.json
    tokenizer_config.json tokenizer.json generation_config.json special_tokens_map.json vocab.json
    added_tokens.json trainer_state.json preprocessor_config.json processor_config.json
    modules.json pyproject.toml Cargo.toml poetry.lock .pre-commit-config.yaml mkdocs.yml""".split()


@pytest.mark.parametrize(
    "other", [name for name in OTHERS if name.endswith(("json", "yml", "yaml"))]
)
def test_files_that_are_something_else(tmp_path, other):
    text = recipe("TRL", use_peft=True)
    assert base(inventory(tmp_path, {f"a/{other}": text, "train.yml": text}))
    found = inventory(tmp_path, {f"a/{other}": text, "train.yml": text})
    assert {one["filename"] for one in found} == {"train.yml"}


def words(conditions):
    """The keys of conditions, each with its values."""
    return {(key, value) for key, values in conditions for value in values or ("any",)}


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda one: one.name)
def test_every_key_has_a_test(framework):
    name = framework.name
    signs = [frozenset(SIGNS[name].split()), *([frozenset(RUN.split())] if name == "TRL" else [])]
    assert [keys for _, keys in framework.evidence] == signs
    assert {key.path for key in framework.loads} == {row[1] for row in KEYS if row[0] == name}
    revisions = {each for key in framework.loads for each in (*key.revision, *key.own)}
    tried = {row[3].rpartition(".")[2] for row in KEYS if row[0] == name} - {""}
    assert revisions == tried
    saves = " ".join(each.get(name, "") for each in (SAVES, MERGED, FULL)).split()
    assert sorted(saves) == sorted(framework.saves)
    adapters = {(k, v) for each in ADAPTER.get(name, ()) for k, v in each.items()}
    assert (
        words(framework.adapter) - {("finetuning_type", None), ("fine_tune_type", None)} == adapters
    )
    options = {key for row in OPTIONS if row[0] == name for key in row[1]}
    assert {key for _, key, _ in framework.lora} - options == set()
    assert {key for key, _ in framework.dtypes} - options - FAR == set()
    assert not framework.template or framework.template in options


FAR = {"bfloat16", "fp16", "float16", "dtype"}
"""Keys of the dtype that several frameworks share and one of them tries."""


def test_the_rest_has_a_test():
    assert set(OTHERS) == NEVER_RECIPES
    assert {"hub_model_id", "export_hub_model_id"} == PUSHES
