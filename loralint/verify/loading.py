"""Load a base with its weights, quantised, and the adapter onto it, as a user would."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from loralint.verify.base import (
    CannotBuildError,
    base_config,
    class_options,
    explained,
    model_class,
)
from loralint.verify.case import Case
from loralint.verify.folder import AdapterFolder
from loralint.verify.offload import places, spills
from loralint.verify.vocabulary import wanted_rows

ADAPTER = "default"
REWRITES_BASE = ("pissa", "olora", "corda", "loftq")
"""Values of `init_lora_weights` that change the base's weights at every load."""


@dataclass(frozen=True)
class LoadedBase:
    """A base in memory. `fresh` are its weights that no file had; `notes` what else to know."""

    model: Any
    fresh: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Loaded:
    """A base with the adapter on it; nothing has been run through it yet."""

    model: Any
    fresh: tuple[str, ...]
    notes: tuple[str, ...]
    adapter: str = ADAPTER


class AdapterRefusedError(Exception):
    """PEFT or torch refused to put the adapter on this base; the message is theirs."""


def load(case: Case, folder: AdapterFolder) -> Loaded:
    """Base and adapter; CannotBuildError for the one, AdapterRefusedError for the other."""
    base = load_base(case, folder)
    model = load_adapter(base.model, folder)
    return Loaded(model, base.fresh, base.notes)


def load_base(case: Case, folder: AdapterFolder) -> LoadedBase:
    """The base's weights from safetensors, quantised as the case says."""
    config = base_config(case)
    cls = model_class(case, folder, config)
    notes: list[str] = []
    options = {
        **case.hub_options(),
        **class_options(cls, folder),
        **_placement(case),
        **_precision(case, folder, config, notes),
        "use_safetensors": True,
    }
    with _quiet():
        try:
            model, info = cls.from_pretrained(case.base, output_loading_info=True, **options)
        except Exception as error:  # files, hub, memory, remote code
            raise explained(error, case) from error
        _refuse_disk(case, model)
        if spills(model):
            notes.append("the base does not fit the GPU: a part of it is kept in memory")
        rows = wanted_rows(model, folder)
        if rows is not None:
            model.resize_token_embeddings(rows, mean_resizing=False)
            notes.append(
                f"the token embeddings were resized to {rows:,} rows, as the adapter's are"
            )
    return LoadedBase(model, tuple(sorted(info.get("missing_keys", ()))), tuple(notes))


def _refuse_disk(case: Case, model: Any) -> None:
    """PEFT would write copies of the base's files beside them, to have the names of its own."""
    if "disk" in places(model):
        raise CannotBuildError(
            f"{case.base} ({case.quantization}) fits neither the GPUs nor the memory, and"
            " accelerate would leave a part of it on disk: quantise it, or take a larger machine"
        )


def load_adapter(base: Any, folder: AdapterFolder) -> Any:
    """The adapter on the base, through PEFT's main path."""
    from peft import PeftModel

    spread = spills(base)
    with _quiet():
        try:
            return PeftModel.from_pretrained(base, str(folder.path), adapter_name=ADAPTER)
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            if spread:
                raise CannotBuildError(
                    f"the base is spread over GPU and memory, and PEFT cannot put an adapter on it"
                    f" there: {' '.join(str(error).split())[:200]}"
                ) from error
            raise AdapterRefusedError(" ".join(str(error).split())[:400]) from error


def rewrites_base(folder: AdapterFolder) -> bool:
    """Whether loading this adapter changes the base's own weights."""
    given = folder.config.get("init_lora_weights")
    return isinstance(given, str) and given.lower().startswith(REWRITES_BASE)


def _placement(case: Case) -> dict[str, Any]:
    """Where to load to: accelerate spreads a large base over what there is."""
    import torch

    if case.device == "auto":
        return {"device_map": "auto" if torch.cuda.is_available() else {"": "cpu"}}
    return {"device_map": {"": case.device}}


def _precision(case: Case, folder: AdapterFolder, config: Any, notes: list[str]) -> dict[str, Any]:
    import torch

    dtype = _dtype(case, config)
    options = {_dtype_name(): getattr(torch, dtype)}
    if getattr(config, "quantization_config", None) is not None:
        notes.append("the base is stored quantised, and was loaded as it is")
        return options
    if case.quantization == "none":
        return options
    if rewrites_base(folder):
        init = folder.config.get("init_lora_weights")
        notes.append(f"`{init}` cannot be loaded on a quantised base: it was loaded in {dtype}")
        return options
    return {**options, "quantization_config": quantization(case, dtype, _whole(folder))}


OUTPUTS = ("lm_head", "embed_out", "output_layer")
"""What the layer that gives the logits is called, which is never quantised."""


def _whole(folder: AdapterFolder) -> list[str] | None:
    """The modules not to quantise: the adapter replaces them with unquantised ones of its own."""
    saved = folder.config.get("modules_to_save")
    if not isinstance(saved, list) or not saved:
        return None
    return sorted({*OUTPUTS, *map(str, saved)})


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

    major, minor = (int(part) for part in transformers.__version__.split(".")[:2])
    return "dtype" if (major, minor) >= (4, 56) else "torch_dtype"


@contextmanager
def _quiet() -> Iterator[None]:
    """Their warnings are what we find and report ourselves, as errors."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logging.set_verbosity(before)


__all__ = [
    "ADAPTER", "AdapterRefusedError", "CannotBuildError", "Loaded", "LoadedBase", "load",
    "load_adapter", "load_base", "quantization", "rewrites_base",
]  # fmt: skip
