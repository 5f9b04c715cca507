"""What the ecosystem's loaders, savers and options mean, as data."""

from __future__ import annotations

from loralint.catalog.actions import (
    LOAD_METHODS,
    LORA_POSITIONS,
    METHOD_ACTIONS,
    METHODS,
    PARSER_METHODS,
    POSITIONAL,
    SAVE_METHODS,
    TRAINING_ARGUMENTS,
    action_of,
)
from loralint.catalog.loaders import (
    DATASET_BUILDERS,
    FOREIGN,
    LOADERS,
    Loader,
    loader_of,
    unresolved,
)
from loralint.catalog.markers import FILE_MARKERS, MARKERS
from loralint.catalog.names import PACKAGES, canonical, class_of
from loralint.catalog.options import (
    BITSANDBYTES,
    DTYPES,
    OPTIONS,
    POSITIONS,
    QUANTIZATION_CONFIGS,
    REMOVED,
)

__all__ = [
    "BITSANDBYTES",
    "DATASET_BUILDERS",
    "DTYPES",
    "FILE_MARKERS",
    "FOREIGN",
    "LOADERS",
    "LOAD_METHODS",
    "LORA_POSITIONS",
    "MARKERS",
    "METHODS",
    "METHOD_ACTIONS",
    "OPTIONS",
    "PACKAGES",
    "PARSER_METHODS",
    "POSITIONAL",
    "POSITIONS",
    "QUANTIZATION_CONFIGS",
    "REMOVED",
    "SAVE_METHODS",
    "TRAINING_ARGUMENTS",
    "Loader",
    "action_of",
    "canonical",
    "class_of",
    "loader_of",
    "unresolved",
]
