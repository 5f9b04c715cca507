"""What the ecosystem's loaders, savers and options mean, as data."""

from __future__ import annotations

from loralint.catalog.actions import (
    ACTIONS,
    METHOD_ACTIONS,
    POSITIONAL,
    SAVERS,
    ActionKind,
    Saver,
    action_of,
    is_training_arguments,
)
from loralint.catalog.loaders import (
    DATASET_BUILDERS,
    FOREIGN,
    LOADERS,
    Loader,
    loader_of,
    unresolved,
)
from loralint.catalog.names import PACKAGES, canonical, class_of
from loralint.catalog.options import (
    BITSANDBYTES,
    DTYPES,
    OPEN_TEMPLATES,
    OPTIONS,
    PEFT_KEYED_PIPELINES,
    POSITIONS,
    QUANTIZATION_CONFIGS,
    REMOVED,
    SAME_TEMPLATES,
    UNCOVERED_HEADS,
)
from loralint.catalog.words import (
    FILE_MARKS,
    LOAD_METHODS,
    MARKERS,
    METHODS,
    OPEN_MARKERS,
    PARSER_METHODS,
    PROGRAMS,
    Mark,
)

__all__ = [
    "ACTIONS",
    "BITSANDBYTES",
    "DATASET_BUILDERS",
    "DTYPES",
    "FILE_MARKS",
    "FOREIGN",
    "LOADERS",
    "LOAD_METHODS",
    "MARKERS",
    "METHODS",
    "METHOD_ACTIONS",
    "OPEN_MARKERS",
    "OPEN_TEMPLATES",
    "OPTIONS",
    "PACKAGES",
    "PARSER_METHODS",
    "PEFT_KEYED_PIPELINES",
    "POSITIONAL",
    "POSITIONS",
    "PROGRAMS",
    "QUANTIZATION_CONFIGS",
    "REMOVED",
    "SAME_TEMPLATES",
    "SAVERS",
    "UNCOVERED_HEADS",
    "ActionKind",
    "Loader",
    "Mark",
    "Saver",
    "action_of",
    "canonical",
    "class_of",
    "is_training_arguments",
    "loader_of",
    "unresolved",
]
