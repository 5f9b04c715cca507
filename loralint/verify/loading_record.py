"""How the base of a contract was loaded: class, task, dtype, quantisation."""

from __future__ import annotations

from typing import Any

from loralint.contract import Loading, Quantization
from loralint.verify.adapter import below_peft, own_class
from loralint.verify.base import input_rows


def describe(model: Any, task_type: str | None) -> Loading:
    """How a model in memory was loaded."""
    base = below_peft(model)
    class_ = own_class(base)
    return Loading(
        model_class=class_.__name__,
        task_type=task_type,
        dtype=_dtype(base),
        quantization=_quantization(getattr(base.config, "quantization_config", None)),
        remote_code=class_.__module__.startswith("transformers_modules."),
        vocabulary=input_rows(base),
    )


def _dtype(base: Any) -> str | None:
    """The type that was asked for; parameters may have been cast for training since."""
    config = base.config
    found = getattr(config, "dtype", None) or getattr(config, "torch_dtype", None)
    return _name(found or getattr(base, "dtype", None))


def _name(dtype: Any) -> str | None:
    return None if dtype is None else str(dtype).removeprefix("torch.")


def _quantization(config: Any) -> Quantization | None:
    """A quantisation configuration, as an object or as config.json has it."""
    if config is None:
        return None
    given = config if isinstance(config, dict) else config.to_dict()
    if given.get("load_in_4bit") or given.get("_load_in_4bit"):
        return Quantization(
            method=str(given.get("bnb_4bit_quant_type", "fp4")),
            double=bool(given.get("bnb_4bit_use_double_quant", False)),
            compute_dtype=_name(given.get("bnb_4bit_compute_dtype")),
            storage=_name(given.get("bnb_4bit_quant_storage")),
        )
    if given.get("load_in_8bit") or given.get("_load_in_8bit"):
        return Quantization(method="int8")
    method = given.get("quant_method", "unknown")
    return Quantization(method=str(getattr(method, "value", method)))
