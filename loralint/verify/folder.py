"""An adapter folder as verification reads it: no model library, nothing unpickled."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loralint.facts import TensorFact
from loralint.verify.outcome import UnusableInputError
from loralint.verify.weights_file import read_header

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
PICKLE = "adapter_model.bin"
LARGEST_CONFIG = 50_000_000
"""Bytes. LoRA on every module of the largest models, each written out, stays below 10 MB."""


class PickledError(UnusableInputError):
    """The weights are a pickle: it is not opened."""


@dataclass(frozen=True)
class AdapterFolder:
    """What the folder says: adapter_config.json and the header of the weights.

    `adapters` are the subfolders with an adapter of their own, which PEFT writes for every
    adapter that is not called `default`.
    """

    path: Path
    config: Mapping[str, Any]
    tensors: tuple[TensorFact, ...]
    adapters: tuple[str, ...] = ()
    files: frozenset[str] = field(default_factory=frozenset)

    @property
    def weights(self) -> Path:
        return self.path / WEIGHTS

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each tensor of the file, by its name."""
        return {one.name: one.shape for one in self.tensors}

    @property
    def peft_type(self) -> str:
        return str(self.config.get("peft_type", "LORA")).upper()

    def text(self, key: str) -> str | None:
        """A text of the configuration; None where it is null, empty or something else."""
        value = self.config.get(key)
        return value if isinstance(value, str) and value else None


CHECKPOINT = re.compile(r"checkpoint-\d+")
"""A subfolder that a trainer has written: the same adapter, earlier."""


def adapters_below(path: Path) -> tuple[str, ...]:
    """The subfolders with an adapter of their own, checkpoints left out."""
    _, folders = _listed(path)
    found = (name for name in folders if (path / name / CONFIG).is_file())
    return tuple(name for name in found if not CHECKPOINT.fullmatch(name))


def open_folder(path: Path) -> AdapterFolder:
    """Read the folder; UnusableInputError says what is wrong with it and what to do."""
    files, folders = _listed(path)
    adapters = tuple(name for name in folders if (path / name / CONFIG).is_file())
    if CONFIG not in files:
        raise UnusableInputError(f"{path}: {_no_config(path, adapters, files)}")
    config = _config(path / CONFIG)
    if WEIGHTS not in files:
        raise _no_weights(path, files)
    return AdapterFolder(path, config, read_header(path / WEIGHTS), adapters, frozenset(files))


def _listed(path: Path) -> tuple[list[str], list[str]]:
    try:
        entries = sorted(path.iterdir())
        folders = [one.name for one in entries if one.is_dir()]
    except NotADirectoryError:
        raise UnusableInputError(f"{path}: is a file; name the adapter's folder") from None
    except FileNotFoundError:
        raise UnusableInputError(f"{path}: there is no such folder") from None
    except OSError as error:
        raise UnusableInputError(f"{path}: cannot be read: {error.strerror}") from error
    return [one.name for one in entries if one.name not in folders], folders


_GGUF = "is an adapter in GGUF, for llama.cpp, which PEFT does not load: convert it"


def _no_config(path: Path, adapters: tuple[str, ...], files: list[str]) -> str:
    if adapters:
        listed = ", ".join(f"{path / name}" for name in adapters)
        return f"has no {CONFIG}, but its subfolders have: name one of {listed}"
    if _is_gguf(files):
        return _GGUF
    return f"has no {CONFIG}: it is no folder that PEFT has saved an adapter to"


def _config(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            raise UnusableInputError(f"{path}: is larger than {LARGEST_CONFIG:,} bytes")
        config = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UnusableInputError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UnusableInputError(f"{path}: is not JSON: {error}") from error
    if isinstance(config, dict) and _MLX & config.keys() and "peft_type" not in config:
        raise UnusableInputError(
            f"{path}: is an adapter of MLX, which PEFT does not load: convert it"
        )
    if not isinstance(config, dict) or "peft_type" not in config:
        raise UnusableInputError(f"{path}: is no configuration of PEFT: it has no `peft_type`")
    return config


_MLX = frozenset({"lora_parameters", "fine_tune_type", "lora_layers"})
"""Keys of mlx-lm's adapter_config.json, none of which PEFT has."""


def _is_gguf(files: Iterable[str]) -> bool:
    return any(name.endswith(".gguf") for name in files)


def _no_weights(path: Path, files: list[str]) -> UnusableInputError:
    if _is_gguf(files):
        return UnusableInputError(f"{path}: {_GGUF}")
    if PICKLE in files:
        return PickledError(
            f"{path / PICKLE}: the weights are a pickle, which can run code when it is opened, and"
            f" are not looked at. Load the adapter where you trust it, and save it again: that"
            f" writes {WEIGHTS}"
        )
    if any(name.startswith("adapter_model") for name in files):
        parts = ", ".join(name for name in files if name.startswith("adapter_model"))
        return UnusableInputError(f"{path}: has {parts} in place of {WEIGHTS}, which PEFT loads")
    return UnusableInputError(f"{path}: has {CONFIG} and no {WEIGHTS}: nothing was saved to it")
