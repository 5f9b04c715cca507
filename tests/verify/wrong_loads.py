"""Healthy folders, loaded wrongly: what `loralint.verify_loaded` has to see in the model."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import (
    LoraConfig,
    PeftConfig,
    PeftModel,
    get_peft_model,
    set_peft_model_state_dict,
)
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from tests.verify.healthy import Q_V
from tests.verify.zoo import Zoo, load

Wrong = Callable[[Zoo, Path], Any]


@dataclass(frozen=True)
class WrongLoad:
    """A way to load the healthy LoRA adapter, and the codes that it must be found with."""

    name: str
    codes: frozenset[str]
    load: Wrong


def base(zoo: Zoo, name: str = "llama") -> Any:
    return load(AutoModelForCausalLM, zoo.base(name), {})


def fresh(zoo: Zoo, adapter: Path) -> Any:
    return get_peft_model(base(zoo), PeftConfig.from_pretrained(adapter))


def not_strict(zoo: Zoo, adapter: Path) -> Any:
    model = fresh(zoo, adapter)
    model.load_state_dict(load_file(adapter / "adapter_model.safetensors"), strict=False)
    return model


def bare(zoo: Zoo, adapter: Path) -> Any:
    return base(zoo)


def second_not_active(zoo: Zoo, adapter: Path) -> Any:
    model = get_peft_model(base(zoo), LoraConfig(r=2, target_modules=Q_V), adapter_name="first")
    model.load_adapter(str(adapter), adapter_name="second")
    return model


def disabled(zoo: Zoo, adapter: Path) -> Any:
    model = PeftModel.from_pretrained(base(zoo), str(adapter))
    model.base_model.disable_adapter_layers()
    return model


def configured(**changes: Any) -> Wrong:
    """The configuration written out again, with a difference, and the weights put into it."""

    def wrong(zoo: Zoo, adapter: Path) -> Any:
        given = {"task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8, "target_modules": Q_V}
        model = get_peft_model(base(zoo), LoraConfig(**(given | changes)))
        set_peft_model_state_dict(model, load_file(adapter / "adapter_model.safetensors"))
        return model

    return wrong


def scaled(zoo: Zoo, adapter: Path) -> Any:
    model = PeftModel.from_pretrained(base(zoo), str(adapter))
    for module in model.modules():
        if hasattr(module, "scale_layer"):
            module.scale_layer(0.5)
    return model


def on_meta(zoo: Zoo, adapter: Path) -> Any:
    """More layers than the adapter has, and no memory for those that the file does not fill."""
    model = base(zoo, "llama-three-layers")
    return PeftModel.from_pretrained(model, str(adapter), low_cpu_mem_usage=True)


def rounded(zoo: Zoo, adapter: Path) -> Any:
    model = base(zoo, "llama-bf16")
    return PeftModel.from_pretrained(model, str(adapter), low_cpu_mem_usage=True)


def wrapped_twice(zoo: Zoo, adapter: Path) -> Any:
    return PeftModel.from_pretrained(fresh(zoo, adapter), str(adapter))


def overwritten(zoo: Zoo, adapter: Path) -> Any:
    model = PeftModel.from_pretrained(base(zoo), str(adapter))
    with torch.no_grad():
        model.get_parameter(
            "base_model.model.model.layers.1.self_attn.q_proj.lora_B.default.weight"
        )[3, 1] += 1e-3
    return model


def mismatched_ignored(zoo: Zoo, adapter: Path) -> Any:
    """Loaded onto another width, with the error switched off."""
    model = base(zoo, "llama-wide")
    return PeftModel.from_pretrained(model, str(adapter), ignore_mismatched_sizes=True)


def other_base_names(zoo: Zoo, adapter: Path) -> Any:
    model = base(zoo, "llama-three-layers")
    with contextlib.suppress(Warning):
        model = PeftModel.from_pretrained(model, str(adapter))
    return model


def wrong(name: str, codes: str, load: Wrong) -> WrongLoad:
    return WrongLoad(name, frozenset(codes.split()), load)


WRONG_LOADS: tuple[WrongLoad, ...] = (
    wrong("`get_peft_model` with the saved configuration", "LOR504", fresh),
    wrong("`load_state_dict(…, strict=False)`", "LOR504", not_strict),
    wrong("no adapter at all", "LOR509", bare),
    wrong("second adapter loaded, the first one active", "LOR509", second_not_active),
    wrong("adapters disabled", "LOR509", disabled),
    wrong("`lora_alpha` written out again, doubled", "LOR508", configured(lora_alpha=16)),
    wrong("rsLoRA written in", "LOR508", configured(use_rslora=True)),
    wrong("`target_modules` written out again, one missing", "LOR502",
          configured(target_modules=["q_proj"])),
    wrong("DoRA written in", "LOR501", configured(use_dora=True)),
    wrong("`scale_layer` called after loading", "LOR508", scaled),
    wrong("`low_cpu_mem_usage` where tensors are missing", "LOR501 LOR504", on_meta),
    wrong("`low_cpu_mem_usage` on a bfloat16 base", "LOR513", rounded),
    wrong("wrapped twice", "LOR501 LOR502", wrapped_twice),
    wrong("one value of one tensor overwritten", "LOR504", overwritten),
    wrong("`ignore_mismatched_sizes=True`", "LOR503", mismatched_ignored),
    wrong("a base with one layer more", "LOR501", other_base_names),
)  # fmt: skip
