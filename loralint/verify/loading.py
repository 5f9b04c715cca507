"""Load a base with its weights, quantised, and the adapter onto it, as a user would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from loralint.diagnostics import Diagnostic
from loralint.verify import shelf
from loralint.verify.adapter import (
    ADAPTER,
    below_peft,
    everything,
    load_adapter,
    without_warnings,
)
from loralint.verify.base import (
    base_config,
    class_options,
    explained,
    model_class,
    tables,
    unsaved_rows,
    wanted_rows,
)
from loralint.verify.case import Case
from loralint.verify.folder import AdapterFolder
from loralint.verify.offload import Kept, kept, places, spills
from loralint.verify.result import UndecidedError
from loralint.verify.values import same_bits


@dataclass(frozen=True)
class Loaded:
    """A base in memory, perhaps with the adapter on it; nothing has been run through it yet.

    `fresh` are weights of the base that no file had; `notes` what else to know. `as_stored` tells
    that the base is stored quantised, whatever was asked for, `rewritten` that putting the adapter
    on has changed weights of the base, and `unsaved` is what was found about its tables.
    """

    model: Any
    fresh: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    as_stored: bool = False
    rewritten: bool = False
    unsaved: tuple[Diagnostic, ...] = ()
    adapter: str = ADAPTER


def load(case: Case, folder: AdapterFolder) -> Loaded:
    """Base and adapter; UndecidedError for the one, RefusedError for the other."""
    base = load_base(case, folder)
    before = _sample(base.model)
    model = load_adapter(base.model, folder)
    after = _sample(below_peft(model))
    changed = any(name in after and after[name] != one for name, one in before.items())
    return replace(base, model=model, rewritten=changed)


def load_base(case: Case, folder: AdapterFolder) -> Loaded:
    """The base's weights from safetensors, quantised as the case says."""
    config = base_config(case)
    cls = model_class(case, folder, config)
    as_stored = getattr(config, "quantization_config", None) is not None
    notes = ["the base is stored quantised, and was loaded as it is"] if as_stored else []
    with without_warnings():
        try:
            options = {
                **case.hub_options(),
                **class_options(cls, folder),
                **_placement(case),
                **_precision(case, folder, config),
                "use_safetensors": True,
            }
            model, info = shelf.base(
                (cls, case.base, options),
                lambda: cls.from_pretrained(case.base, output_loading_info=True, **options),
            )
        except UndecidedError:
            raise
        except Exception as error:  # files, hub, memory, remote code
            raise explained(error, case) from error
        _refuse_disk(case, model)
        if spills(model):
            notes.append("the base does not fit the GPU: a part of it is kept in memory")
        rows = wanted_rows(model, folder)
        unsaved = tuple(unsaved_rows(case, model, folder, rows))
        if rows is not None:
            model.resize_token_embeddings(rows, mean_resizing=False)
            notes.append(
                f"the token embeddings were resized to {rows:,} rows, as the adapter's are"
            )
    fresh = tuple(sorted(info.get("missing_keys", ())))
    return Loaded(model, fresh, tuple(notes), as_stored, unsaved=unsaved)


def _refuse_disk(case: Case, model: Any) -> None:
    """PEFT would write copies of the base's files beside them, to have the names of its own."""
    if "disk" in places(model):
        raise UndecidedError(
            f"{case.base} ({case.precision}) fits neither the GPUs nor the memory, and"
            " accelerate would leave a part of it on disk: quantise it, or take a larger machine"
        )


def _placement(case: Case) -> dict[str, Any]:
    """Where to load to: accelerate spreads a large base over what there is."""
    import torch

    if case.device == "auto":
        return {"device_map": "auto" if torch.cuda.is_available() else {"": "cpu"}}
    return {"device_map": {"": case.device}}


def _precision(case: Case, folder: AdapterFolder, config: Any) -> dict[str, Any]:
    import torch

    dtype = _dtype(case, config)
    options = {_dtype_name(): getattr(torch, dtype)}
    is_stored = getattr(config, "quantization_config", None) is not None
    if is_stored or case.quantization in (None, "none"):
        return options
    if find_spec("bitsandbytes") is None:
        raise UndecidedError(
            f"{case.quantization} needs bitsandbytes: pip install bitsandbytes, or"
            " --quantization none"
        )
    return {**options, "quantization_config": quantization(case, dtype, _whole(case, folder))}


def _whole(case: Case, folder: AdapterFolder) -> list[str] | None:
    """The modules not to quantise: the adapter replaces them with unquantised ones of its own.

    None leaves it to transformers, which leaves out the layer that gives the logits; whoever names
    some has to name that as well.
    """
    saved = folder.config.get("modules_to_save")
    if not isinstance(saved, list) or not saved:
        return None
    return sorted({*_outputs(case, folder), *map(str, saved)})


def _outputs(case: Case, folder: AdapterFolder) -> tuple[str, ...]:
    """The tables of the base, by the last part of their names."""
    from loralint.verify.base import empty_base

    try:
        found = tables(empty_base(case, folder))
    except UndecidedError:
        return ("lm_head",)
    return tuple(name.rpartition(".")[2] for name in found)


def quantization(case: Case, dtype: str, whole: list[str] | None = None) -> Any:
    """The bitsandbytes configuration of a case; `dtype` is that of the arithmetic.

    `whole` names the modules not to quantise; None leaves that to transformers.
    """
    import torch
    from transformers import BitsAndBytesConfig

    if case.quantization == "int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=whole)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=case.quantization,
        bnb_4bit_use_double_quant=case.double_quant,
        bnb_4bit_compute_dtype=getattr(torch, dtype),
        llm_int8_skip_modules=whole,
    )


def _dtype(case: Case, config: Any) -> str:
    """The dtype's name; `auto` is what config.json says, and float32 where it says nothing."""
    if case.dtype != "auto":
        return case.dtype
    found = getattr(config, "dtype", None) or getattr(config, "torch_dtype", None)
    return str(found).removeprefix("torch.") if found is not None else "float32"


def _dtype_name() -> str:
    """The name of the argument: transformers has changed it."""
    import transformers
    from packaging.version import Version

    return "dtype" if Version(transformers.__version__) >= Version("4.56") else "torch_dtype"


# --- the base before and after, and two loads -----------------------------------------------------

SAMPLE = 16
"""How many values of each weight are looked at: a rewrite changes nearly all of them."""


def _sample(base: Any) -> dict[str, tuple[str, ...]]:
    """A few values of each plain weight of a base, by the name that it has without an adapter."""
    found = {}
    for name, tensor in base.named_parameters():
        plain = name.replace(".base_layer.", ".").replace(".original_module.", ".")
        if tensor.is_floating_point() and not tensor.is_meta and tensor.ndim > 1:
            step = max(1, tensor.numel() // SAMPLE)
            flat = tensor.detach().reshape(-1)[::step][:SAMPLE]
            found[plain] = tuple(map(repr, flat.float().tolist()))  # NaN is NaN
    return found


def differences(one: Any, other: Any) -> list[str]:
    """The names of the tensors that differ; both models must not have been run yet."""
    theirs = everything(other)
    here, there = kept(one), kept(other)
    return [
        name
        for name, tensor in everything(one).items()
        if name not in theirs
        or not _same(_value(name, tensor, here), _value(name, theirs[name], there))
    ]


def _value(name: str, tensor: Any, away: Mapping[str, Kept]) -> Any:
    return away[name].read() if name in away else tensor


def _same(one: Any, other: Any) -> bool:
    if one.is_meta or other.is_meta:
        return bool(one.is_meta and other.is_meta)
    return same_bits(one.detach().cpu(), other.detach().cpu())


__all__ = [
    "quantization",
]  # fmt: skip
