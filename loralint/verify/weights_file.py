"""A safetensors file before anything loads it: its header, and whether the header lies."""

from __future__ import annotations

from math import prod
from pathlib import Path

import msgspec

from loralint.facts import TensorFact
from loralint.read.safetensors_header import (
    LENGTH,
    LONGEST,
    HeaderError,
    is_pointer,
    parse,
)
from loralint.verify.outcome import UnusableInputError

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
