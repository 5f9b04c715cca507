"""An adapter taken apart by the module that each piece is merged into, and modules by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

from loralint.verify.folder import AdapterFolder

_PIECE = re.compile(
    r"^(?:base_model\.model\.)?(?P<module>.+?)\.(?P<piece>lora_A|lora_B|lora_embedding_A"
    r"|lora_embedding_B|lora_magnitude_vector)(?P<rest>\.weight|\.bias)?$"
)
_TOKENS = re.compile(
    r"^(?:base_model\.model\.)?(?P<module>.+?)\.(?:token_adapter\.)?trainable_tokens_delta$"
)
_UNDER = re.compile(r"^(?:base_model\.model\.)?(?P<module>.+?)\.base_layer\.weight$")
_PREFIX = "base_model.model."

VARIANTS = (
    "use_qalora", "use_bdlora", "arrow_config", "alora_invocation_tokens", "layer_replication",
    "kasa_config", "monteclora_config", "velora_config", "target_parameters",
)  # fmt: skip
"""Keys of adapter_config.json that change how an adapter is merged."""


@dataclass
class Part:
    """What an adapter does to one module: pieces by name, with the file's names of tensors.

    `kind` is "lora", "tokens" (rows of embeddings in place of the base's) or "whole" (a tensor
    of the adapter in place of the base's). A piece "base" is the base's own tensor, which PEFT
    saves of embeddings.
    """

    module: str
    kind: str
    pieces: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Parts:
    """The parts of an adapter by module; `whole` ones by the full name of the tensor."""

    by_module: Mapping[str, Part]
    whole: Mapping[str, Part]
    unknown: tuple[str, ...]


def take_apart(folder: AdapterFolder) -> Parts:
    """Sort the file's tensors by what merging does with them."""
    modules: dict[str, Part] = {}
    whole: dict[str, Part] = {}
    unknown = []
    for name in folder.shapes:
        if match := _PIECE.match(name):
            part = modules.setdefault(match["module"], Part(match["module"], "lora"))
            part.pieces[match["piece"] + (match["rest"] or "").replace(".weight", "")] = name
        elif match := _TOKENS.match(name):
            modules[match["module"]] = Part(match["module"], "tokens", {"rows": name})
        elif match := _UNDER.match(name):
            part = modules.setdefault(match["module"], Part(match["module"], "lora"))
            part.pieces["base"] = name
        elif "lora_" in name:
            unknown.append(name)
        else:
            plain = name.removeprefix(_PREFIX).replace(".base_layer.", ".")
            whole[plain] = Part(plain, "whole", {"tensor": name})
    return Parts(modules, whole, tuple(unknown))


def scaling(folder: AdapterFolder, module: str, rank: int) -> float:
    """The factor of a module's adapter; `rank` is that of its tensors."""
    config = folder.config
    alpha = pattern_value(config, "alpha_pattern", module, config.get("lora_alpha", rank))
    factor = float(alpha if isinstance(alpha, (int, float)) else rank)
    return factor / (sqrt(rank) if config.get("use_rslora") else rank)


def pattern_value(config: Mapping[str, object], key: str, module: str, otherwise: object) -> object:
    """What `rank_pattern` or `alpha_pattern` gives a module, matched as PEFT matches."""
    patterns = config.get(key)
    if not isinstance(patterns, dict):
        return otherwise
    for pattern, value in patterns.items():
        try:
            if re.match(rf"(.*\.)?({pattern})$", module):
                return value
        except re.error:
            continue
    return otherwise


def token_indices(config: Mapping[str, Any], module: str) -> list[int] | None:
    """The rows of embeddings that are trained, for the module that holds them."""
    given = config.get("trainable_token_indices") or config.get("token_indices")
    if isinstance(given, list):
        return given
    if isinstance(given, dict):
        fitting = [rows for name, rows in given.items() if module.endswith(name)]
        return fitting[0] if len(fitting) == 1 else None
    return None
