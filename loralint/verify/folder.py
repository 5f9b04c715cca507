"""An adapter folder as verification reads it: no model library, nothing unpickled."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import msgspec

from loralint.contract import NAME, Contract, ContractError, parse as parse_contract
from loralint.facts import TensorFact
from loralint.read.safetensors_header import LENGTH, LONGEST, HeaderError, is_pointer, parse
from loralint.verify.result import UnusableInputError

# --- weights file ---------------------------------------------------------------------------------


BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip
"""The types of the format, with the bits of one number."""

DTYPE_NAMES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2",
}  # fmt: skip
"""The format's types as torch calls them."""

_METADATA = "__metadata__"


class _Entry(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def read_header(path: Path) -> tuple[TensorFact, ...]:
    """The tensors that the file holds; UnusableInputError where it is damaged or lies."""
    try:
        content, size = _first_bytes(path)
        if is_pointer(content):
            raise HeaderError("it only points to a file of Git LFS (`git lfs pull` fetches it)")
        header = parse(content)
        _check_places(content[LENGTH:])
    except OSError as error:
        raise UnusableInputError(f"{path}: cannot be read: {error.strerror}") from error
    except HeaderError as error:
        raise UnusableInputError(f"{path}: no usable safetensors file: {error}") from error
    _check_extent(path, size, header.extent)
    return header.tensors


def _first_bytes(path: Path) -> tuple[bytes, int]:
    """The length and the header, bounded by the format's limit and the file's own size."""
    with path.open("rb") as file:
        size = path.stat().st_size
        first = file.read(LENGTH)
        length = int.from_bytes(first, "little")
        return first + file.read(min(length, LONGEST, size)), size


def _check_extent(path: Path, size: int, extent: int) -> None:
    if size != extent:
        how = "is cut off" if size < extent else "has bytes that no tensor owns"
        raise UnusableInputError(
            f"{path}: the file {how}: its header describes {extent:,} bytes, and it has {size:,}."
            " Copy or download it again"
        )


def _check_places(header: bytes) -> None:
    """Each tensor has the bytes of its shape, and no two share any."""
    entries = msgspec.json.decode(header, type=dict[str, msgspec.Raw])
    entries.pop(_METADATA, None)
    places = []
    for name, raw in entries.items():
        one = msgspec.json.decode(raw, type=_Entry)
        start, end = one.data_offsets
        if one.dtype not in BITS:
            raise HeaderError(f"`{name[:100]}` has the unknown type {one.dtype[:20]!r}")
        if prod(one.shape) * BITS[one.dtype] != (end - start) * 8:
            raise HeaderError(
                f"`{name[:100]}` has {end - start:,} bytes, and {one.dtype} {one.shape} needs"
                f" {prod(one.shape) * BITS[one.dtype] // 8:,}"
            )
        places.append((start, end))
    _check_gaps(places)


def _check_gaps(places: list[tuple[int, int]]) -> None:
    at = 0
    for start, end in sorted(places):
        if start != at:
            raise HeaderError("its tensors overlap, or there are gaps between them")
        at = end


# --- folder ---------------------------------------------------------------------------------------


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
    def partitioned(self) -> tuple[str, ...]:
        """Tensors of which the save got no part: `[0]`, or nothing at all in any of them.

        A matrix with an empty side may be right: AdaLoRA gives some modules no rank.
        """
        empty = [name for name, shape in self.shapes.items() if 0 in shape]
        if len(empty) == len(self.tensors):
            return tuple(empty)
        return tuple(name for name in empty if self.shapes[name] == (0,))

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


# --- its contract ---------------------------------------------------------------------------------


LARGEST_CONTRACT = 100_000_000
"""Bytes. The contract of an adapter with 100,000 tensors has a fifth of that."""


def read_contract(folder: Path) -> Contract | None:
    """The contract of a folder, None where it has none.

    UnusableInputError where it is damaged, or of a version that this loralint does not read.
    """
    path = folder / NAME
    try:
        if path.stat().st_size > LARGEST_CONTRACT:
            raise UnusableInputError(f"{path}: is larger than {LARGEST_CONTRACT:,} bytes")
        return parse_contract(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableInputError(f"{path}: cannot be read: {error.strerror}") from error
    except ContractError as error:
        raise UnusableInputError(f"{folder}: {error}") from error
