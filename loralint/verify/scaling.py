"""Whether each layer adds the adapter by the factor that adapter_config.json gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isclose, sqrt
from typing import Any

from loralint.verify.adapted import PREFIX
from loralint.verify.header import pattern_value

ALPHA = {"LORA": "lora_alpha", "LOHA": "alpha", "LOKR": "alpha"}
"""Types that scale, and the key of their alpha."""


def wrong_scalings(
    model: Any, adapter: str, config: Mapping[str, Any]
) -> tuple[int, dict[str, str]]:
    """How many layers were looked at, and those with another factor, with both numbers."""
    alpha_key = ALPHA.get(str(config.get("peft_type", "LORA")).upper())
    if alpha_key is None:
        return 0, {}
    wrong = {}
    layers = list(_scaled(model, adapter))
    for name, layer in layers:
        wanted = _wanted(name, alpha_key, config)
        found = float(layer.scaling[adapter])
        if wanted is not None and not isclose(wanted, found, rel_tol=1e-6):
            wrong[name] = f"{found:g} in the model, {wanted:g} by the configuration"
    return len(layers), wrong


def _scaled(model: Any, adapter: str) -> Iterator[tuple[str, Any]]:
    for name, layer in model.named_modules():
        scaling = getattr(layer, "scaling", None)
        if isinstance(scaling, dict) and adapter in scaling:
            parameter = getattr(layer, "parameter_name", None)
            plain = name.removeprefix(PREFIX)
            while parameter and plain.endswith(".base_layer"):
                plain = plain.removesuffix(".base_layer")
            yield (f"{plain}.{parameter}" if parameter else plain), layer


def _wanted(name: str, alpha_key: str, config: Mapping[str, Any]) -> float | None:
    """`alpha / r`, or `alpha / sqrt(r)` with rsLoRA, patterns by module included."""
    rank = pattern_value(config, "rank_pattern", name, config.get("r"))
    alpha = pattern_value(config, "alpha_pattern", name, config.get(alpha_key))
    if not isinstance(rank, (int, float)) or not isinstance(alpha, (int, float)) or rank <= 0:
        return None
    return alpha / (sqrt(rank) if config.get("use_rslora") else rank)
