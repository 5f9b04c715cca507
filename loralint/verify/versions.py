"""The versions of what a model runs on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = (
    "accelerate", "bitsandbytes", "huggingface_hub", "peft", "safetensors", "tokenizers", "torch",
    "transformers", "trl",
)  # fmt: skip


def installed() -> dict[str, str]:
    """Python's version and those of the libraries that are installed, by name."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
