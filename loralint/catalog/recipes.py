"""What the keys of the training frameworks' recipes mean, read from their own sources.

A path into a recipe is dotted; `datasets[].path` is the key `path` of each item of a list. Read at:
axolotl 0.18.0 (utils/schemas/*.py, loaders/model.py), LLaMA-Factory 0.9.6.dev0 (hparams/*.py,
model/adapter.py, model/model_utils/quantization.py), TRL 1.10.0.dev0 (trainer/model_config.py,
scripts/utils.py), alignment-handbook 925acdf (recipes/), ms-swift 4.6.0.dev0 (arguments/*.py),
autotrain-advanced 0.8.37.dev0 (parser.py, trainers/clm/utils.py), unsloth's studio and command
line (unsloth_cli/config.py), torchtune (recipes/configs/), open-instruct (finetune.py), mlx-lm 0.28
(mlx_lm/lora.py).
"""

from __future__ import annotations

from loralint.catalog.recipe_shape import Framework, Key, Preference, Quantizer


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BASE = "base-model"
_FLAGS_4, _FLAGS_8 = ("load_in_4bit", (True,)), ("load_in_8bit", (True,))
_DTYPE = (("dtype", ""), ("torch_dtype", ""))
_MIXED = (
    ("bf16", "bfloat16"), ("bfloat16", "bfloat16"), ("fp16", "float16"), ("float16", "float16")
)  # fmt: skip
_SCALING = (("use_rslora", "use_rslora", False), ("use_dora", "use_dora", False))
_RUN = _words("""output_dir per_device_train_batch_size num_train_epochs learning_rate max_steps
    gradient_accumulation_steps lr_scheduler_type save_steps logging_steps warmup_ratio""")

AXOLOTL = Framework(
    name="axolotl",
    requires=("base_model",),
    evidence=((2, _words("""adapter lora_model_dir lora_r lora_target_linear sequence_len
        micro_batch_size sample_packing eval_sample_packing pad_to_sequence_len val_set_size
        dataset_prepared_path tokenizer_type base_model_config revision_of_model train_on_inputs
        peft_use_dora peft_use_rslora is_llama_derived_model group_by_length pretraining_dataset
        strict flash_attention special_tokens model_type""")),),
    loads=(
        Key("base_model", _BASE, ("revision_of_model", "model_revision")),
        Key("tokenizer_config", "tokenizer", ("revision_of_model", "model_revision")),
        Key("lora_model_dir", "adapter"),
        Key("datasets[].path", "dataset", own=("revision",)),
        Key("test_datasets[].path", "dataset", own=("revision",)),
        Key("pretraining_dataset[].path", "dataset", own=("revision",)),
    ),
    adapter=(("adapter", ("lora", "qlora")),),
    quantizer=Quantizer(
        four=(_FLAGS_4, ("adapter", ("qlora",))),
        eight=(_FLAGS_8, ("adapter", ("lora",))),
        kind=("bnb_config_kwargs.bnb_4bit_quant_type", "nf4"),
        double=("bnb_config_kwargs.bnb_4bit_use_double_quant", True),
        unclear=(_FLAGS_4, _FLAGS_8, ("gptq", ()), ("model_quantization_config", ())),
    ),
    dtypes=_MIXED,
    lora=(("r", "lora_r", None), ("lora_alpha", "lora_alpha", None),
          ("target_modules", "lora_target_modules", None),
          ("use_rslora", "peft_use_rslora", False), ("use_dora", "peft_use_dora", False)),
    merge=(("merge_lora", (True,)),),
    infer=(("inference", (True,)),),
    adapter_stage="infer",
    template="chat_template",
)  # fmt: skip

LLAMA_FACTORY = Framework(
    name="LLaMA-Factory",
    requires=("model_name_or_path",),
    evidence=((2, _words("""finetuning_type template stage cutoff_len lora_target dataset_dir
        do_train adapter_name_or_path export_dir infer_backend plot_loss quantization_bit
        quantization_method export_size export_device pure_bf16 pref_loss mask_history
        freeze_vision_tower enable_thinking""")),),
    loads=(
        Key("model_name_or_path", _BASE, ("model_revision",)),
        Key("adapter_name_or_path", "adapter", ("model_revision",), "commas"),
        Key("ref_model", _BASE, ("model_revision",)),
        Key("reward_model", _BASE, ("model_revision",)),
    ),
    saves=("output_dir", "hub_model_id", "export_dir", "export_hub_model_id"),
    merged_saves=("export_dir", "export_hub_model_id"),
    adapter=(("finetuning_type", ("lora", "oft", None)),),
    quantizer=Quantizer(
        four=(("quantization_bit", (4,)), ("quantization_method", (None, "bnb", "bitsandbytes"))),
        eight=(("quantization_bit", (8,)), ("quantization_method", (None, "bnb", "bitsandbytes"))),
        kind=("quantization_type", "nf4"),
        double=("double_quantization", True),
        unclear=(("quantization_bit", ()),),
    ),
    dtypes=(("infer_dtype", ""), *_MIXED),
    lora=(("r", "lora_rank", 8), ("lora_alpha", "lora_alpha", None),
          ("target_modules", "lora_target", None), *_SCALING),
    merge=(("export_dir", ()),),
    train=(("do_train", (True,)),),
    otherwise="infer",
    template="template",
    preference=Preference(
        runs=(("stage", ("dpo", "kto")),),
        unless=(("ref_model", ()), ("create_new_adapter", (True,)),
                ("pref_loss", ("orpo", "simpo"))),
    ),
)  # fmt: skip

OPEN_INSTRUCT = Framework(
    name="open-instruct",
    requires=("model_name_or_path",),
    evidence=((2, _words("""use_slow_tokenizer with_tracking checkpointing_steps use_lora
        dataset_mixer_list dataset_mix_dir keep_last_n_checkpoints""")),),
    loads=(
        Key("model_name_or_path", _BASE, ("model_revision",)),
        Key("tokenizer_name", "tokenizer", ("tokenizer_revision", "model_revision")),
        Key("tokenizer_name_or_path", "tokenizer", ("tokenizer_revision", "model_revision")),
        Key("dataset_name", "dataset"),
        Key("dataset_mixer", "dataset", form="names"),
    ),
    adapter=(("use_lora", (True,)), ("use_qlora", (True,))),
    quantizer=Quantizer(four=(("use_qlora", (True,)),), double=("", True)),
    lora=(("r", "lora_rank", 64), ("lora_alpha", "lora_alpha", 16)),
)  # fmt: skip

TRL = Framework(
    name="TRL",
    requires=("model_name_or_path",),
    evidence=(
        (1, _words("""model_revision use_peft lora_r lora_target_modules torch_dtype dtype
            attn_implementation dataset_name dataset_mixer dataset_mixture dataset_train_split
            dataset_config use_bnb_nested_quant bnb_4bit_quant_type load_in_4bit load_in_8bit""")),
        (2, _RUN),
    ),
    loads=(
        Key("model_name_or_path", _BASE, ("model_revision",)),
        Key("tokenizer_name_or_path", "tokenizer", ("model_revision",)),
        Key("reward_model_path", _BASE),
        Key("sft_model_path", _BASE),
        Key("teacher_model_name_or_path", _BASE),
        Key("dataset_name", "dataset"),
        Key("dataset_mixer", "dataset", form="names"),
        Key("datasets[].path", "dataset"),
        Key("dataset_mixture.datasets[].id", "dataset"),
    ),
    adapter=(("use_peft", (True,)),),
    quantizer=Quantizer(
        four=(_FLAGS_4,), eight=(_FLAGS_8,), kind=("bnb_4bit_quant_type", "nf4"),
        double=("use_bnb_nested_quant", False),
    ),
    dtypes=_DTYPE,
    lora=(("r", "lora_r", 16), ("lora_alpha", "lora_alpha", 32),
          ("target_modules", "lora_target_modules", None), *_SCALING),
)  # fmt: skip

_SWIFT_MODELS = ("teacher", "ref", "reward")
SWIFT = Framework(
    name="ms-swift",
    requires=("model",),
    evidence=((2, _words("""tuner_type train_type split_dataset_ratio rlhf_type attn_impl load_args
        sampler_engine model_author loss_scale padding_free external_plugins use_hf quant_bits
        infer_backend teacher_model lazy_tokenize load_from_cache_file agent_template
        num_return_sequences merge_lora""")),),
    loads=(
        Key("model", _BASE, ("model_revision",)),
        *(Key(f"{each}_model", _BASE, (f"{each}_model_revision",)) for each in _SWIFT_MODELS),
        Key("adapters", "adapter", form="list"),
        Key("resume_from_checkpoint", "adapter"),
        Key("dataset", "dataset", form="swift"),
        Key("val_dataset", "dataset", form="swift"),
    ),
    adapter=(("tuner_type", ("lora", "adalora", "longlora")), ("train_type", ("lora", "adalora"))),
    quantizer=Quantizer(
        four=(("quant_bits", (4,)), ("quant_method", ("bnb",))),
        eight=(("quant_bits", (8,)), ("quant_method", ("bnb",))),
        kind=("bnb_4bit_quant_type", "nf4"),
        double=("bnb_4bit_use_double_quant", True),
        unclear=(("quant_method", ()), ("quant_bits", ())),
    ),
    trust="",
    dtypes=(("torch_dtype", ""),),
    lora=(("r", "lora_rank", 8), ("lora_alpha", "lora_alpha", 32),
          ("target_modules", "target_modules", None), *_SCALING),
    infer=(("infer_backend", ()), ("sampler_engine", ()), ("sampler_type", ())),
    never=(("sampler_engine", ("client", "no")),),
    hub=(("use_hf", (None, False)),),
    template="template",
    preference=Preference(
        runs=(("rlhf_type", ("dpo", "kto")),),
        unless=(("ref_adapters", ()), ("ref_model", ())),
    ),
)  # fmt: skip

AUTOTRAIN = Framework(
    name="AutoTrain",
    requires=("task", "base_model", "project_name"),
    evidence=((1, _words("backend data params hub log")),),
    loads=(Key("base_model", _BASE), Key("data.path", "dataset")),
    saves=("project_name",),
    adapter=(("params.peft", (True,)),),
    quantizer=Quantizer(
        four=(("params.quantization", ("int4",)),), eight=(("params.quantization", ("int8",)),),
        unclear=(("params.peft", (True,)),),
    ),
    trust="",
    lora=(("r", "params.lora_r", 16), ("lora_alpha", "params.lora_alpha", 32)),
)  # fmt: skip

UNSLOTH = Framework(
    name="unsloth",
    requires=("model", "training.training_type"),
    evidence=((1, _words("data.dataset data.format_type lora.lora_r training.load_in_4bit")),),
    loads=(Key("model", _BASE), Key("data.dataset", "dataset")),
    saves=("training.output_dir",),
    adapter=(("training.training_type", ("lora", "LoRA/QLoRA")),),
    quantizer=Quantizer(four=(("training.load_in_4bit", (True, None)),), double=("", True)),
    mirrors=True,
    trust="",
    lora=(("r", "lora.lora_r", 64), ("lora_alpha", "lora.lora_alpha", 16),
          ("use_rslora", "lora.use_rslora", False), ("use_dora", "lora.use_dora", False)),
)  # fmt: skip

TORCHTUNE = Framework(
    name="torchtune",
    requires=("checkpointer._component_", "checkpointer.checkpoint_dir"),
    evidence=((1, _words("model._component_ tokenizer._component_ dataset._component_")),),
    loads=(
        Key("checkpointer.checkpoint_dir", _BASE),
        Key("tokenizer.path", "tokenizer"),
        *(Key(f"{each}.source", "dataset") for each in ("dataset", "dataset[]", "dataset_val")),
    ),
    saves=("checkpointer.output_dir", "output_dir"),
    trust="",
    dtypes=(("dtype", ""),),
    train=(("optimizer", ()),),
    otherwise="infer",
    component="torchtune.",
    adapter_builders=("lora", "dora"),
    quantised_builders=("qlora", "qdora"),
)

MLX = Framework(
    name="mlx-lm",
    requires=("model",),
    evidence=((2, _words("""fine_tune_type lora_parameters lora_layers steps_per_report
        steps_per_eval resume_adapter_file
        grad_checkpoint val_batches test_batches mask_prompt""")),),
    loads=(Key("model", _BASE),),
    saves=("adapter_path",),
    adapter=(("fine_tune_type", ("lora", "dora", None)),),
    trust="",
    lora=(("r", "lora_parameters.rank", 8),),
)  # fmt: skip

FRAMEWORKS = (
    AXOLOTL, AUTOTRAIN, UNSLOTH, TORCHTUNE, LLAMA_FACTORY, OPEN_INSTRUCT, TRL, MLX, SWIFT
)  # fmt: skip
"""The first that fits a mapping is its framework."""

PUSHES = frozenset({"hub_model_id", "export_hub_model_id"})
"""Save keys whose value is a Hub id and no folder."""
