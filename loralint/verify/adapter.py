"""The adapter in a model: PEFT puts it on, and its tensors under the names that the file has."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from loralint.facts import TensorFact
from loralint.verify.folder import DTYPE_NAMES, AdapterFolder
from loralint.verify.offload import kept, spills
from loralint.verify.result import RefusedError, UndecidedError
from loralint.verify.values import FileTensors, sameness

# --- sharded --------------------------------------------------------------------------------------


SHARDED = "the model is spread over several processes; run `loralint record FOLDER` afterwards"

_WRAPPERS = frozenset({"FullyShardedDataParallel", "FSDPModule"})
_TYPES = frozenset({"DTensor", "FlatParameter"})


def is_sharded(model: Any) -> bool:
    """Whether some of the model is on other processes."""
    wrapped = any(_is_wrapper(module) for module in model.modules())
    return wrapped or any(is_shard(one) for one in model.parameters())


def is_shard(tensor: Any) -> bool:
    """Whether a tensor is a part, kept by FSDP 1 or 2, by ZeRO-3, or by a plan of parallelism."""
    names = {each.__name__ for each in type(tensor).__mro__}
    flat = bool(getattr(tensor, "_fsdp_flattened", False))
    return flat or hasattr(tensor, "ds_id") or not names.isdisjoint(_TYPES)


def own_class(model: Any) -> type:
    """The class of a model, from before FSDP 2 has put one of its own in its place."""
    names = [each.__name__ for each in type(model).__mro__]
    return type(model).__mro__[2 if names[1:2] == ["FSDPModule"] else 0]


def _is_wrapper(module: Any) -> bool:
    return any(each.__name__ in _WRAPPERS for each in type(module).__mro__)


# --- adapter --------------------------------------------------------------------------------------


ADAPTER = "default"
PREFIX = "base_model.model."

_NAME_PARTS = ("_orig_mod.", "_fsdp_wrapped_module.")
"""Parts of names that torch puts in: of modules that are compiled inside a model, or wrapped."""


def unwrapped(model: Any) -> Any:
    """The model itself, out of `torch.compile`, DistributedDataParallel and DataParallel."""
    from torch.nn import DataParallel
    from torch.nn.parallel import DistributedDataParallel

    while True:
        if isinstance(model, (DataParallel, DistributedDataParallel)):
            model = model.module
        elif "_orig_mod" in getattr(model, "_modules", {}):
            model = model._orig_mod
        else:
            return model


def below_peft(model: Any) -> Any:
    """The model below PEFT's wrapper; one without a wrapper itself."""
    get = getattr(model, "get_base_model", None)
    return get() if get is not None else model


def is_adapted(module: Any) -> bool:
    """Whether PEFT has put this module in the place of another, for any adapter."""
    return hasattr(module, "adapter_layer_names") and hasattr(module, "active_adapters")


# --- putting it on --------------------------------------------------------------------------------


def attach(base: Any, folder: AdapterFolder) -> Any:
    """The base with the adapter's modules in it, as PEFT makes them for this base, empty."""
    from peft import get_peft_model

    config = peft_config(folder)
    config.inference_mode = True
    # PiSSA and its like would decompose every weight here, and there are none.
    if hasattr(config, "init_lora_weights"):
        config.init_lora_weights = True
    with foreign(folder), without_warnings():
        return get_peft_model(base, config, adapter_name=ADAPTER, low_cpu_mem_usage=True)


def peft_config(folder: AdapterFolder) -> Any:
    """PEFT's own reading of adapter_config.json; UndecidedError where it knows no such type."""
    import peft

    if folder.peft_type not in peft.PEFT_TYPE_TO_CONFIG_MAPPING:
        raise UndecidedError(
            f"PEFT {peft.__version__} knows no adapters of the type {folder.peft_type}"
        )
    with foreign(folder):
        return peft.PeftConfig.from_pretrained(str(folder.path))


def load_adapter(base: Any, folder: AdapterFolder) -> Any:
    """The adapter on the base, through PEFT's main path."""
    from peft import PeftModel

    config = peft_config(folder)
    if getattr(config, "adapters", None):
        raise UndecidedError(f"{folder.peft_type} mixes adapters of other folders, which may move")
    spread = spills(base)
    try:
        with foreign(folder), without_warnings():
            return PeftModel.from_pretrained(base, str(folder.path), adapter_name=ADAPTER)
    except RefusedError as error:
        if spread:
            raise UndecidedError(
                "the base is spread over GPU and memory, and PEFT cannot put an adapter on it"
                f" there: {error}"
            ) from error
        raise


@contextmanager
def foreign(folder: AdapterFolder) -> Iterator[None]:
    """Whatever PEFT raises while it reads an adapter or puts it on is a refusal.

    What this machine lacks (a library, memory, a file) says nothing about the adapter.
    """
    import torch

    try:
        yield
    except (RefusedError, UndecidedError):
        raise
    except (ImportError, MemoryError, OSError, torch.OutOfMemoryError) as error:
        raise UndecidedError(
            f"PEFT cannot handle {folder.peft_type} here: {said(error)}"
        ) from error
    except Exception as error:
        raise RefusedError(said(error)) from error


def said(error: BaseException) -> str:
    """What a library says, in one line; its kind where the text alone means nothing."""
    text = " ".join(str(error).split())[:400]
    kind = type(error).__name__
    return text if isinstance(error, (ValueError, ImportError)) and text else f"{kind}: {text}"


@contextmanager
def without_warnings() -> Iterator[None]:
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


def made_anew(model: Any, folder: AdapterFolder) -> Any:
    """The base of a model without weights, and the adapter put on it by PEFT as its file says."""
    import torch
    from transformers import PreTrainedModel

    base = below_peft(model)
    if not isinstance(base, PreTrainedModel):
        raise UndecidedError(f"{own_class(base).__name__} is no model of transformers")
    config = copy.deepcopy(base.config)
    with foreign(folder), torch.device("meta"):
        empty = own_class(base)(config)
    return attach(empty, folder)


def sizes_for(model: Any, config: Any, keys: tuple[str, ...]) -> dict[str, int]:
    """The sizes that PEFT gives virtual tokens on this base where nobody says; empty if unknown."""
    from peft.utils import _prepare_prompt_learning_config as prepare

    anew = copy.deepcopy(config)
    for key in keys:
        setattr(anew, key, None)
    try:
        prepare(anew, below_peft(model).config)
    except Exception:  # a base whose sizes PEFT does not know: somebody has written them down
        return {}
    return {key: getattr(anew, key) for key in keys if isinstance(getattr(anew, key), int)}


# --- finding it again -----------------------------------------------------------------------------


def adapter_tensors(model: Any, adapter: str = ADAPTER) -> dict[str, Any]:
    """Every tensor that saving this adapter would write, by its name in the file.

    PEFT's own code says which they are and what they are called; nothing is copied. `model` is a
    PeftModel, or a transformers model with an adapter in it. What accelerate keeps off the device
    is read.
    """
    named = everything(model)
    names: dict[int, str] = {}
    for name, tensor in named.items():
        names.setdefault(id(tensor), name)  # a tied tensor has several
    saved = _peft_state(model, named, adapter)
    wrapped = hasattr(model, "get_base_model")
    away = kept(model)
    found = {}
    for name, tensor in saved.items():
        key = names.get(id(tensor))
        file = plain(name if wrapped or name.startswith(PREFIX) else f"{PREFIX}{name}")
        found[file] = away[key].read() if key in away else tensor
    return found


def plain(name: str) -> str:
    """A name without the parts that torch's wrappers put into it."""
    for part in _NAME_PARTS:
        name = name.replace(part, "")
    return name


def everything(model: Any) -> dict[str, Any]:
    """All that `state_dict` has, by name: that itself would unpack each 4-bit weight."""
    named = dict(model.named_parameters(remove_duplicate=False))
    for path, module in model.named_modules(remove_duplicate=False):
        for name, buffer in module.named_buffers(recurse=False):
            if name not in module._non_persistent_buffers_set:
                named[f"{path}.{name}" if path else name] = buffer
    return named


def _peft_state(model: Any, named: Mapping[str, Any], adapter: str) -> Mapping[str, Any]:
    from peft import get_peft_model_state_dict

    with without_warnings():
        state: Mapping[str, Any] = get_peft_model_state_dict(
            model, state_dict=dict(named), adapter_name=adapter, save_embedding_layers=False
        )
    return state


def passed_on(names: Iterable[str], model: Any, ours: Mapping[str, Any]) -> dict[str, Any]:
    """The model's tensors for names that are none of the adapter's own, where there are any.

    Embeddings and biases are passed on as they are. Saving resized embeddings writes those that
    are trained twice, and the second name is of no use to anybody.
    """
    named = {plain(name): (name, tensor) for name, tensor in everything(model).items()}
    away = kept(model)
    found = {}
    for name in names:
        second = name.replace(".modules_to_save.", ".")
        if second != name and second in ours:
            found[name] = ours[second]
        for candidate in (name, name.removeprefix(PREFIX)):
            if candidate in named:
                own, tensor = named[candidate]
                found[name] = away[own].read() if own in away else tensor
    return found


def drawn_anew(model: Any, adapter: str) -> tuple[str, ...]:
    """Tensors of the adapter that no file holds: PEFT draws them from a seed at every load."""
    prefix = getattr(getattr(model, "base_model", None), "prefix", None)
    if not isinstance(prefix, str) or not prefix:
        return ()
    named = everything(model)
    saved = {id(one) for one in _peft_state(model, named, adapter).values()}
    return tuple(
        name for name, tensor in named.items()
        if id(tensor) not in saved and f".{adapter}" in name
        and any(part.startswith(prefix) for part in name.split("."))
    )  # fmt: skip


def converted(model: Any, folder: AdapterFolder, adapter: str, *, empty: bool = False) -> Any:
    """The file's tensors as PEFT's conversion gives them; None where it has none to give.

    PEFT renames or fuses tensors whose architecture has changed since. They are in memory at once:
    fused experts need all their parts. `empty` ones have shapes and no values.
    """
    try:
        from peft.utils.transformers_weight_conversion import (
            convert_peft_adapter_state_dict_for_transformers,
        )
    except ImportError:
        return None
    state = on_meta(folder) if empty else dict(FileTensors(folder.weights))
    config = model.peft_config[adapter]
    try:
        found = convert_peft_adapter_state_dict_for_transformers(model, config, state, adapter)
    except Exception:  # a conversion that does not apply: names and shapes stay the file's
        return None
    return {name if name.startswith("base_model.") else f"{PREFIX}{name}": tensor
            for name, tensor in found.items()}  # fmt: skip


def on_meta(folder: AdapterFolder) -> dict[str, Any]:
    """The file's tensors without their values."""
    return {one.name: _empty(one) for one in folder.tensors}


def _empty(tensor: TensorFact) -> Any:
    import torch

    dtype = getattr(torch, DTYPE_NAMES.get(tensor.dtype, "float32"))
    return torch.empty(tensor.shape, dtype=dtype, device="meta")


def adapter_name(model: Any, folder: AdapterFolder) -> str | None:
    """The adapter that a folder is about, where nobody says.

    The only one; of several the one with the file's first tensor, else the active one.
    """
    names: list[str] = list(getattr(model, "peft_config", None) or ())
    if len(names) <= 1:
        return names[0] if names else None
    for name in names:
        if _has_first_tensor(model, name, folder):
            return name
    active = active_adapters(model)
    return next((name for name in active if name in names), names[0])


def active_adapters(model: Any) -> list[str]:
    """The adapters that a model runs with, as the model itself says."""
    found = getattr(model, "active_adapters", None)
    if callable(found):  # transformers' own adapters
        found = found()
    if found is None:
        found = getattr(model, "active_adapter", None) or []
    return [found] if isinstance(found, str) else list(found)


def _has_first_tensor(model: Any, name: str, folder: AdapterFolder) -> bool:
    live = adapter_tensors(model, name)
    for file, tensor in FileTensors(folder.weights):
        if file in live:
            return sameness(tensor, live[file])[0] in ("same", "rounded")
    return False
