"""Faults: an adapter that was right, what became of it, and what has to be said of it.

`source` says where the fault is known from: a pattern of public code (P…), an issue, or what was
found in loralint itself. A fault that no file can show is `blind`: without a contract nothing is
to be said; where there is a contract, `contract` asks for one that was written before the harm.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters import damage as d
from adapters.bases import NAMED

Q_V = ["q_proj", "v_proj"]


@dataclass(frozen=True)
class Start:
    """A healthy adapter that faults begin with."""

    base: str
    given: dict[str, Any]
    task: str = "CAUSAL_LM"
    type: str = "LORA"


def _lora(base: str = "llama-64", **given: Any) -> Start:
    return Start(base, {"r": 4, "lora_alpha": 8, "target_modules": Q_V, **given})


STARTS: dict[str, Start] = {
    "LoRA": _lora(),
    "LoRA, all layers": _lora(target_modules=["q_proj", "v_proj", "o_proj", "down_proj"]),
    "LoRA of alpha 32": _lora(lora_alpha=32),
    "LoRA of rank 64": _lora(r=64, target_modules=["q_proj", "o_proj"]),
    "DoRA": _lora(use_dora=True),
    "rsLoRA": _lora(use_rslora=True),
    "ranks": _lora(rank_pattern={r"layers\.1\..*q_proj": 8}),
    "upper layer": _lora(layers_to_transform=[1], init_lora_weights=False),
    "head": _lora(modules_to_save=["lm_head"]),
    "tokens": _lora(trainable_token_indices=[3, 5]),
    "biases": Start("opt-64", {"r": 4, "target_modules": Q_V, "bias": "all"}),
    "classifier": Start("bert-64", {"r": 4, "target_modules": ["query", "value"]}, "SEQ_CLS"),
    "classifier of a decoder": _lora(),
    "experts": _lora("mixtral-64", target_parameters=["mlp.experts.down_proj"]),
    "AdaLoRA": Start("llama-64", {"target_modules": Q_V, "total_step": 10}, type="ADALORA"),
    "IA3": Start("llama-64", {"target_modules": ["k_proj", "down_proj"],
                 "feedforward_modules": ["down_proj"]}, type="IA3"),
    "VeRA": Start("llama-64", {"target_modules": ["q_proj"], "r": 8, "save_projection": False},
                  type="VERA"),
    "OFT": Start("llama-64", {"target_modules": Q_V, "oft_block_size": 8}, type="OFT"),
    "prompt": Start("llama-64", {"num_virtual_tokens": 4}, type="PROMPT_TUNING"),
    "prefix": Start("llama-64", {"num_virtual_tokens": 4}, type="PREFIX_TUNING"),
    "LoHa": Start("llama-64", {"target_modules": Q_V, "r": 4}, type="LOHA"),
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """`codes`: one of them has to be among the findings; none where it is blind.

    `load` is how a user has it in memory, for what only memory shows; `on` another base.
    """

    name: str
    source: str
    codes: frozenset[str]
    start: str = "LoRA"
    harm: d.Harm = lambda folder: None
    on: str | None = None
    contract: bool = False
    options: tuple[str, ...] = ()
    load: Callable[[Any, Path, Any], Any] | None = None
    task: str | None = None
    quantised: bool = field(default=False)

    @property
    def blind(self) -> bool:
        return not self.codes


def _fault(name: str, source: str, codes: str, **given: Any) -> Fault:
    return Fault(name, source, frozenset(codes.split()), **given)


def _prefixed(prefix: str) -> d.Harm:
    return d.renamed(lambda name: prefix + name)


def _with_base(found: d.Tensors) -> d.Tensors:
    """The whole quantised base in the adapter's file."""
    import torch

    extra = {name.replace("lora_A.weight", "qzeros"): torch.ones(4, dtype=torch.int32)
             for name in found if "lora_A" in name}  # fmt: skip
    return {name: one for name, one in found.items() if "lora_B" not in name} | extra


def _merged_beside(folder: Path) -> None:
    """The merged model is saved where its adapter lies."""
    from peft import PeftModel

    base = Path(json.loads((folder / d.CONFIG).read_text())["base_model_name_or_path"])
    plain = NAMED[base.name].load(base.parent.parent, "CAUSAL_LM")
    PeftModel.from_pretrained(plain, folder).merge_and_unload().save_pretrained(folder)


def _only_more(model: Any, folder: Path, base: Any) -> Any:
    """A second adapter, loaded and never made the active one."""
    from peft import LoraConfig, PeftModel, get_peft_model

    other = get_peft_model(base, LoraConfig(r=2, target_modules=Q_V), adapter_name="other")
    assert isinstance(other, PeftModel)
    other.load_adapter(folder, adapter_name="mine")
    return other.eval()


def _two_active(model: Any, folder: Path, base: Any) -> Any:
    from peft import PeftModel

    other = folder.with_name(f"{folder.name}-other")
    shutil.copytree(folder, other, dirs_exist_ok=True)
    d.each(lambda one: one * -3.0 + 0.1, "lora_B")(other)
    loaded = PeftModel.from_pretrained(base, folder)
    loaded.load_adapter(other, adapter_name="other")
    loaded.base_model.set_adapter(["default", "other"])
    return loaded.eval()


def _fresh(model: Any, folder: Path, base: Any) -> Any:
    """`get_peft_model` with the configuration of the trained adapter."""
    from peft import PeftConfig, get_peft_model

    return get_peft_model(base, PeftConfig.from_pretrained(folder)).eval()


def _twice(model: Any, folder: Path, base: Any) -> Any:
    """Loaded, and wrapped anew as for a training from the start."""
    from peft import PeftConfig, PeftModel, get_peft_model

    loaded = PeftModel.from_pretrained(base, folder)
    return get_peft_model(loaded.unload(), PeftConfig.from_pretrained(folder)).eval()


def _own_config(model: Any, folder: Path, base: Any) -> Any:
    from peft import LoraConfig, PeftModel

    config = LoraConfig(r=4, lora_alpha=64, target_modules=Q_V, task_type="CAUSAL_LM")
    return PeftModel.from_pretrained(base, folder, config=config).eval()


def _switched_off(model: Any, folder: Path, base: Any) -> Any:
    from peft import PeftModel

    loaded = PeftModel.from_pretrained(base, folder)
    loaded.base_model.disable_adapter_layers()
    return loaded.eval()


def _on_merged(model: Any, folder: Path, base: Any) -> Any:
    """The adapter on a base that it was merged into before."""
    from peft import PeftModel

    merged = PeftModel.from_pretrained(base, folder).merge_and_unload()
    return PeftModel.from_pretrained(merged, folder).eval()


def _state_dict_not_strict(model: Any, folder: Path, base: Any) -> Any:
    from peft import PeftConfig, get_peft_model
    from safetensors.torch import load_file

    loaded = get_peft_model(base, PeftConfig.from_pretrained(folder))
    loaded.load_state_dict(load_file(folder / d.WEIGHTS), strict=False)
    return loaded.eval()


FSDP = "https://github.com/huggingface/accelerate/pull/4206"
FAULTS: tuple[Fault, ...] = (
    # --- tensors -------------------------------------------------------------------------------
    _fault("one `lora_B` lost", "P5", "LOR501", harm=d.without("layers.0", "v_proj.lora_B")),
    _fault("a layer lost", "P5", "LOR501", harm=d.without("layers.1")),
    _fault("renamed by a library", "P5, peft#1678", "LOR501 LOR502",
           harm=d.renamed(lambda one: one.replace("model.layers", "transformer.h"))),
    _fault("compiled names within", "P24, peft#2957", "LOR502 LOR406",
           harm=d.renamed(lambda one: one.replace("model.model.", "model._orig_mod.model."))),
    _fault("compiled names before all", "https://github.com/MakazhanAlpamys/Soup/issues/335",
           "LOR502 LOR406", harm=_prefixed("_orig_mod.")),
    _fault("wrapped twice", "P23", "LOR502", harm=_prefixed("base_model.model.")),
    _fault("names without their prefix", "P9", "LOR502",
           harm=d.renamed(lambda one: one.removeprefix("base_model.model."))),
    _fault("no elements (a partition of ZeRO-3)", "P17, trl#4416", "LOR503",
           harm=d.each(lambda one: one[:0])),
    _fault("no tensors (saved after a merge)", "P13", "LOR501", harm=d.tensors(lambda found: {})),
    _fault("never trained", "P18, peft#1402", "LOR507 LOR506",
           harm=d.each(lambda one: one * 0, "lora_B")),
    _fault("one NaN", "P17", "LOR507", harm=d.first(float("nan"))),
    _fault("half of each tensor (rank 0 of FSDP2)", FSDP, "LOR503",
           harm=d.each(lambda one: one[: len(one) // 2])),
    _fault("the base's quantised tensors in the file",
           "https://github.com/johnsmith0031/alpaca_lora_4bit/issues/135", "LOR501 LOR502 LOR516",
           harm=d.tensors(_with_base)),
    _fault("whole numbers without their scales", "found in loralint", "LOR516 LOR504",
           harm=d.tensors(d.to_int8)),
    _fault("turned, as MLX has them", "https://github.com/osaurus-ai/vmlx-swift/pull/320",
           "LOR503", harm=d.tensors(d.turned)),
    _fault("turned where both sides are alike",
           "https://github.com/osaurus-ai/vmlx-swift/pull/320", "", start="LoRA of rank 64",
           harm=d.tensors(d.turned)),
    _fault("turned where both sides are alike, with a contract",
           "https://github.com/osaurus-ai/vmlx-swift/pull/320", "LOR504", contract=True,
           start="LoRA of rank 64", harm=d.tensors(d.turned)),
    _fault("layers changed places", "a converter's", "", harm=d.tensors(d.swapped_layers)),
    _fault("layers changed places, with a contract", "a converter's", "LOR504", contract=True,
           harm=d.tensors(d.swapped_layers)),
    _fault("one number is another, with a contract", "T7", "LOR504", contract=True,
           harm=d.first(5.0)),
    _fault("cut off", "a broken download", "exit-2", harm=d.cut),
    _fault("an older file beside a newer pickle", "P26", "LOR405", harm=d.stale),
    _fault("a pickle of 443 bytes", "https://github.com/tloen/alpaca-lora/issues/334",
           "exit-2 pickled", harm=d.pickled_empty),
    _fault("a folder of MLX", "found in loralint", "exit-2", harm=d.as_mlx),
    _fault("a folder of GGUF", "found in loralint", "exit-2", harm=d.as_gguf),
    _fault("the merged model in the adapter's folder", "P14, peft#1381", "LOR404",
           harm=_merged_beside),
    # --- configurations --------------------------------------------------------------------------
    _fault("`r` is gone", "a converter's", "LOR517 LOR503", harm=d.config(r=...)),
    _fault("`lora_alpha` is gone", "a converter's", "LOR517",
           start="LoRA of alpha 32", harm=d.config(lora_alpha=...)),
    _fault("`target_modules` is gone", "a converter's", "LOR517 LOR502",
           start="LoRA, all layers", harm=d.config(target_modules=...)),
    _fault("`target_modules` cut short", "P11", "LOR502",
           harm=d.config(target_modules=["q_proj"])),
    _fault("`use_dora` is gone", "P11", "LOR502", start="DoRA", harm=d.config(use_dora=...)),
    _fault("DoRA's magnitudes lost", "peft#2566", "LOR501", start="DoRA",
           harm=d.without("magnitude")),
    _fault("`use_rslora` is gone", "https://github.com/NVIDIA/TensorRT-LLM/issues/1668", "",
           start="rsLoRA", harm=d.config(use_rslora=...)),
    _fault("`use_rslora` is gone, with a contract",
           "https://github.com/NVIDIA/TensorRT-LLM/issues/1668", "LOR508", contract=True,
           start="rsLoRA", harm=d.config(use_rslora=...)),
    _fault("`lora_alpha` as another library has it, with a contract",
           "https://github.com/Blaizzy/mlx-vlm/pull/986", "LOR508", contract=True,
           harm=d.config(lora_alpha=2)),
    _fault("`lora_alpha` as another library has it",
           "https://github.com/Blaizzy/mlx-vlm/pull/986", "", harm=d.config(lora_alpha=2)),
    _fault("`rank_pattern` is gone", "P11", "LOR503", start="ranks",
           harm=d.config(rank_pattern={})),
    _fault("`layers_to_transform` is gone", "P11", "LOR501", start="upper layer",
           harm=d.config(layers_to_transform=None)),
    _fault("the saved head is lost", "P12", "LOR501", start="head",
           harm=d.without("lm_head")),
    _fault("the classifier is lost", "https://github.com/huggingface/peft/issues/577", "LOR501",
           start="classifier", harm=d.without("classifier")),
    _fault("`task_type` is gone", "found in loralint", "LOR501 LOR502 LOR503",
           start="classifier of a decoder", task="SEQ_CLS", harm=d.config(task_type=None)),
    _fault("trained tokens lost", "P19", "LOR501", start="tokens",
           harm=d.without("token_adapter")),
    _fault("a token beyond the vocabulary", "found in loralint", "LOR504", start="tokens",
           harm=d.config(trainable_token_indices=[3, 99999])),
    _fault("trained biases lost", "P12", "LOR501", start="biases", harm=d.without(".bias")),
    _fault("experts' tensors lost", "P5", "LOR501", start="experts", harm=d.without("experts")),
    _fault("AdaLoRA without `lora_E`", "found in loralint", "LOR501 LOR504", start="AdaLoRA",
           harm=d.without("lora_E")),
    _fault("IA3's feed-forward modules changed", "P11", "LOR503", start="IA3",
           harm=d.config(feedforward_modules=[])),
    _fault("VeRA's seed is another", "a converter's", "", start="VeRA",
           harm=d.config(projection_prng_key=7)),
    _fault("OFT's block size is another", "P11", "LOR503", start="OFT",
           harm=d.config(oft_block_size=4)),
    _fault("virtual tokens are more", "P11", "LOR503", start="prompt",
           harm=d.config(num_virtual_tokens=6)),
    _fault("virtual tokens of another length", "P5", "LOR503", start="prefix",
           harm=d.each(lambda one: one[:2])),
    _fault("LoHa, one factor lost", "P5", "LOR501", start="LoHa",
           harm=d.without("layers.0", "hada_w1_a")),
    _fault("another base at every load", "P20, LLaMA-Factory#5260", "LOR505",
           harm=d.config(init_lora_weights="pissa_niter_4"), options=("--quantization", "none")),
    # --- bases -----------------------------------------------------------------------------------
    _fault("a wider base", "P10", "LOR503", on="llama-80"),
    _fault("fused projections", "P5", "LOR501 LOR502", on="phi3-64", start="LoRA, all layers"),
    _fault("another architecture", "P10", "LOR501 LOR502 LOR504", on="gpt2-64"),
    _fault("other weights of the same names", "P2", "", on="llama-64-other"),
    _fault("other weights of the same names, with a contract", "P2, LLaVA-pp#29", "LOR510",
           on="llama-64-other", contract=True),
    # --- models in memory ------------------------------------------------------------------------
    _fault("loaded, and not active", "P7", "LOR509", load=_only_more),
    _fault("two active at once", "found in loralint", "LOR509", load=_two_active),
    _fault("fresh from its configuration", "P8", "LOR504", load=_fresh),
    _fault("wrapped again for a resume", "https://github.com/huggingface/lerobot/issues/3459",
           "LOR504", load=_twice),
    _fault("other hyper-parameters at the load", "P11", "LOR508", load=_own_config),
    _fault("switched off", "P7", "LOR509", load=_switched_off),
    _fault("on the merged base", "P14, transformers#43781", "", load=_on_merged),
    _fault("on the merged base, with a contract", "P14, transformers#43781", "LOR510",
           load=_on_merged, contract=True),
    _fault("a state dict that fits nowhere, not strict", "P9, torchtune#2537", "LOR504",
           load=_state_dict_not_strict),
)  # fmt: skip
