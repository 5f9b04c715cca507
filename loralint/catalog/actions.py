"""Calls that load nothing and matter all the same: wrapping, training, merging, saving."""

from __future__ import annotations

import re
from functools import lru_cache

ACTIONS: tuple[tuple[str, str, str], ...] = (
    ("peft|unsloth", r"(Fast\w+\.)?get_peft_model|inject_adapter_in_model", "wrap"),
    ("peft", r"PeftModel\w*|PeftMixedModel|LoraModel", "wrap"),
    ("swift", r"Swift\.prepare_model|(Swift\.)?get_peft_model", "wrap"),
    ("peft", r"[A-Z]\w*Config", "lora-config"),
    ("peft", r"prepare_model_for_(kbit|int8)_training", "quantise-prepare"),
    ("peft", r"set_peft_model_state_dict|load_peft_weights", "load-state"),
    ("torch", r"compile", "compile"),
    ("trl|transformers|unsloth|sentence_transformers|optimum|setfit", r"\w*Trainer", "train"),
    ("lightning|pytorch_lightning", r"Trainer", "train"),
    ("accelerate", r"Accelerator\.backward", "train"),
    ("transformers|diffusers|datasets|peft", r"(\w+\.)*set_verbosity_error", "silence"),
    ("warnings", r"filterwarnings|simplefilter", "silence"),
    ("swift", r"Swift\.merge_and_unload", "merge"),
    ("mlx_lm", r"generate", "infer"),
)
"""Packages, names and the kind of action, in canonical names."""

METHOD_ACTIONS: dict[str, str] = {
    "add_adapter": "wrap",
    "resize_token_embeddings": "resize",
    "add_tokens": "add-tokens",
    "add_special_tokens": "add-tokens",
    "merge_and_unload": "merge",
    "merge_adapter": "merge",
    "fuse_lora": "merge",
    "save_pretrained_merged": "merge",
    "push_to_hub_merged": "merge",
    "save_pretrained_gguf": "merge",
    "push_to_hub_gguf": "merge",
    "unload": "unload",
    "train": "train",
    "backward": "train",
    "generate": "infer",
    "chat": "infer",
    "set_adapter": "set-adapter",
    "set_adapters": "set-adapter",
    "set_active_adapters": "set-adapter",
    "add_weighted_adapter": "set-adapter",
    "hotswap_adapter": "set-adapter",
    "load_state_dict": "load-state",
}
"""Methods that act on what a model is, whatever the object is called."""

POSITIONAL: dict[str, tuple[str, ...]] = {
    "wrap": ("model", "peft_config", "adapter_name"),
    "lora-config": ("task_type", "peft_type"),
    "load-state": ("state_dict", "strict"),
    "resize": ("new_num_tokens", "pad_to_multiple_of"),
    "set-adapter": ("adapter_name",),
    "silence": ("action", "second"),
}
"""The names of the positional arguments of each kind of action."""

LORA_POSITIONS = ("task_type", "peft_type", "auto_mapping", "base_model_name_or_path", "revision")

SAVE_METHODS: dict[str, tuple[tuple[str, ...], str]] = {
    "save_pretrained": (("save_directory", "save_dir", "output_dir"), ""),
    "save_model": (("output_dir",), ""),
    "push_to_hub": (("repo_id",), ""),
    "save_lora_weights": (("save_directory",), "adapter"),
    "save_adapter": (("save_directory",), "adapter"),
    "save_pretrained_merged": (("save_directory",), "model"),
    "push_to_hub_merged": (("repo_id",), "model"),
    "save_pretrained_gguf": (("save_directory",), "model"),
    "push_to_hub_gguf": (("repo_id",), "model"),
}
"""Saving methods: the keywords of the target, and the artifact where the method decides it."""

TRAINING_ARGUMENTS = re.compile(
    r"(transformers|trl|sentence_transformers|optimum|unsloth)\."
    r"(\w*TrainingArguments|(?!Lora|Model|Reward?Model|Generation)\w*"
    r"(SFT|DPO|PPO|ORPO|KTO|GRPO|RLOO|CPO|BCO|XPO|GKD|PRM|Reward|OnlineDPO|Nash\w*)Config)"
)
"""Classes of the arguments of a trainer, which name its output folder."""

LOAD_METHODS: frozenset[str] = frozenset(
    """from_pretrained from_quantized from_model_id from_preset from_pipe load_adapter
    load_lora_weights load_attn_procs load_ip_adapter load_textual_inversion lora_state_dict
    load_lora_into_unet load_lora_into_text_encoder load_lora_into_transformer snapshot_download
    hf_hub_download get_config_dict""".split()
)
"""Methods that load, whatever object they are called on."""

PARSER_METHODS = frozenset(
    """add_argument parse_args parse_known_args parse_args_into_dataclasses parse_args_and_config
    parse_json_file parse_yaml_file parse_dict set_defaults add_argument_group
    add_mutually_exclusive_group add_subparsers add_parser""".split()
)

METHODS: frozenset[str] = (
    LOAD_METHODS
    | METHOD_ACTIONS.keys()
    | SAVE_METHODS.keys()
    | PARSER_METHODS
    | {"get_peft_model", "prepare", "prepare_model", "filterwarnings", "simplefilter"}
    | {"set_verbosity_error", "from_engine_args", "__init__", "_parse_args", "load"}
) - {"load"}
"""Methods whose calls the linker interprets, on whatever object."""


@lru_cache(maxsize=4096)
def action_of(name: str) -> str | None:
    """The kind of action that a canonical name stands for."""
    package, _, rest = name.partition(".")
    for packages, pattern, kind in ACTIONS:
        if re.fullmatch(packages, package) and re.fullmatch(pattern, rest):
            return kind
    return None
