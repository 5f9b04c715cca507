"""Calls that load nothing and matter all the same: wrapping, training, merging, saving."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from loralint.catalog.patterns import fits, names

ActionKind: TypeAlias = Literal[
    "wrap", "lora-config", "quantise-prepare", "load-state", "compile", "train", "silence", "merge",
    "infer", "resize", "add-tokens", "unload", "set-adapter", "template", "drop-lora",
    "read-state", "pipe",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Action:
    """Calls of one kind, in canonical names (see `patterns` for how `calls` is written).

    Without `packages` they are methods that act on what a model is, whatever the object is called.
    A `common` name does not make a file worth reading, nor a package one of the ecosystem's.
    """

    kind: ActionKind
    calls: str
    packages: str = ""
    common: bool = False


ACTIONS: tuple[Action, ...] = (
    # --- functions and classes of libraries; the first that fits counts ---
    Action("wrap", "{,Fast*.}get_peft_model inject_adapter_in_model", "peft unsloth"),
    Action("wrap", "PeftModel* PeftMixedModel LoraModel", "peft"),
    Action("wrap", "Swift.prepare_model {,Swift.}get_peft_model", "swift"),
    Action("lora-config", "LoraConfig *Config", "peft"),
    Action("quantise-prepare", "prepare_model_for_{kbit,int8}_training", "peft"),
    Action("load-state", "set_peft_model_state_dict load_peft_weights", "peft"),
    Action("read-state", "get_peft_model_state_dict", "peft"),
    Action("compile", "compile", "torch", common=True),
    Action("train", "*Trainer",
           "trl transformers unsloth sentence_transformers optimum setfit", common=True),
    Action("train", "Trainer", "lightning pytorch_lightning", common=True),
    Action("train", "Accelerator.backward", "accelerate", common=True),
    Action("silence", "{,*.,*.*.}set_verbosity_error", "transformers diffusers datasets peft",
           common=True),
    Action("silence", "filterwarnings simplefilter", "warnings", common=True),
    Action("merge", "Swift.merge_and_unload", "swift"),
    Action("infer", "generate", "mlx_lm", common=True),
    Action("pipe", "pipeline", "transformers", common=True),
    Action("template", "get_chat_template", "unsloth", common=True),
    # --- methods of whatever object ---
    Action("wrap", "add_adapter"),
    Action("resize", "resize_token_embeddings"),
    Action("add-tokens", "add_tokens add_special_tokens", common=True),
    Action("merge", "merge_and_unload {save_pretrained,push_to_hub}_{merged,gguf}"),
    Action("merge", "merge_adapter fuse_lora", common=True),
    Action("unload", "unload", common=True),
    Action("train", "train backward", common=True),
    Action("infer", "generate chat", common=True),
    Action("set-adapter", "set_adapter set_adapters set_active_adapters add_weighted_adapter"
           " hotswap_adapter", common=True),
    Action("load-state", "load_state_dict", common=True),
    Action("template", "apply_chat_template", common=True),
    Action("drop-lora", "unload_lora_weights unload_lora delete_adapters", common=True),
)  # fmt: skip

GENERAL = frozenset({"torch", "lightning pytorch_lightning", "warnings", ""})
"""Packages of actions that most code uses for other things."""

POSITIONAL: dict[str, tuple[str, ...]] = {
    "wrap": ("model", "peft_config", "adapter_name"),
    "lora-config": ("task_type", "peft_type", "auto_mapping", "base_model_name_or_path",
                    "revision"),
    "load-state": ("state_dict", "strict"),
    "resize": ("new_num_tokens", "pad_to_multiple_of"),
    "set-adapter": ("adapter_name",),
    "silence": ("action", "second"),
    "template": ("tokenizer", "chat_template"),
    "pipe": ("task", "model"),
}  # fmt: skip
"""The names of the positional arguments of each kind of action."""


@lru_cache(maxsize=4096)
def action_of(name: str) -> ActionKind | None:
    """The kind of action that a canonical name stands for."""
    package, _, rest = name.partition(".")
    for action in ACTIONS:
        if action.packages and fits(action.packages, package) and fits(action.calls, rest):
            return action.kind
    return None


METHOD_ACTIONS: dict[str, ActionKind] = {
    name: action.kind for action in ACTIONS if not action.packages for name in names(action.calls)
}
"""What a method of this name does, whatever the object is called."""


@dataclass(frozen=True, slots=True)
class Saver:
    """A saving method: the keywords of its target, and the artifact where the method decides it.

    `made_of` are the keywords of what is saved, where it is not the object whose method it is.
    `uploads` are those of a folder that was saved before.
    """

    method: str
    target: tuple[str, ...]
    artifact: str = ""
    common: bool = False
    made_of: tuple[str, ...] = ()
    uploads: tuple[str, ...] = ()


_LAYERS = tuple(f"{part}_lora_layers" for part in ("unet", "transformer", "text_encoder"))
_FOLDER = ("save_directory",)
_SAVERS: tuple[Saver, ...] = (
    Saver("save_pretrained", ("save_directory", "save_dir", "output_dir")),
    Saver("save_model", ("output_dir",), common=True),
    Saver("push_to_hub", ("repo_id",)),
    Saver("save_lora_weights", _FOLDER, "adapter", made_of=_LAYERS),
    Saver("save_lora_adapter", _FOLDER, "adapter"),
    Saver("save_attn_procs", _FOLDER, "adapter"),
    Saver("save_adapter", _FOLDER, "adapter", common=True),
    Saver("upload_folder", ("repo_id",), uploads=("folder_path",)),
    Saver("upload_large_folder", ("repo_id",), uploads=("folder_path",)),
    Saver("save_pretrained_merged", _FOLDER, "model"),
    Saver("push_to_hub_merged", ("repo_id",), "model"),
    Saver("save_pretrained_gguf", _FOLDER, "model"),
    Saver("push_to_hub_gguf", ("repo_id",), "model"),
)
SAVERS: dict[str, Saver] = {saver.method: saver for saver in _SAVERS}

_TRAINERS = "transformers trl sentence_transformers optimum unsloth"
_METHODS = "SFT,DPO,PPO,ORPO,KTO,GRPO,RLOO,CPO,BCO,XPO,GKD,PRM,Reward,OnlineDPO,Nash*"
TRAINING_ARGUMENTS = f"*TrainingArguments *{{{_METHODS}}}Config"
"""The classes of a trainer's arguments, which name its output folder."""

_OTHER_CONFIGS = "{Lora,Model,RewardModel,Generation}*Config"


@lru_cache(maxsize=4096)
def is_training_arguments(name: str) -> bool:
    """Whether a canonical name is a class of a trainer's arguments."""
    package, _, rest = name.partition(".")
    named = fits(TRAINING_ARGUMENTS, rest) and not fits(_OTHER_CONFIGS, rest)
    return named and fits(_TRAINERS, package)
